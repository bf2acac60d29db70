"""Which options the URL of a Redis or Valkey server may have: texts and numbers.

redis-py hands every option of a URL to its constructors, as a text. Most of their parameters take
an object, a class or a function, and fail at the first command: far from the URL that was wrong.
Time limits are not among the options, because those of a sale hold.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from booking.core.spelling import unknown

NUMBERS = {"db": 0, "health_check_interval": 0, "max_connections": 1}  # and the least of each
TEXTS = {
    "client_name", "password", "protocol", "socket_keepalive", "ssl_ca_certs", "ssl_ca_path",
    "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile", "ssl_min_version",
    "ssl_password", "username",
}  # fmt: skip
OPTIONS = frozenset({*NUMBERS, *TEXTS})


def ensure_options(url: str) -> None:
    """Raise `ValueError` for an option of a URL that is none of `OPTIONS`, or a wrong number."""
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name not in OPTIONS:
            raise ValueError(unknown("option", name, sorted(OPTIONS)))
        if name in NUMBERS and not _is_number(value, NUMBERS[name]):
            raise ValueError(f"option {name}: {value!r} is no number from {NUMBERS[name]} on")


def _is_number(text: str, least: int) -> bool:
    try:
        return int(text) >= least
    except ValueError:
        return False
