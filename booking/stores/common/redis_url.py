"""Which options the URL of a Redis or Valkey server may have.

redis-py hands every option of a URL to its constructors, as a text. Most of their parameters take
an object, a class or a function, and fail at the first command: far from the URL that was wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from urllib.parse import parse_qs, urlsplit

WAIT_S_MAX = 86_400.0  # a socket takes no time limit beyond its platform's
READ_BYTES_MAX = 1 << 24

TEXTS = frozenset(
    {
        "client_name", "decode_responses", "legacy_responses", "protocol", "retry_on_timeout",
        "socket_keepalive", "username",
        "ssl_ca_certs", "ssl_ca_data", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile",
        "ssl_check_hostname", "ssl_ciphers", "ssl_exclude_verify_flags",
        "ssl_include_verify_flags", "ssl_keyfile", "ssl_min_version", "ssl_ocsp_expected_cert",
        "ssl_password", "ssl_validate_ocsp", "ssl_validate_ocsp_stapled",
    }
)  # fmt: skip
NUMBERS: dict[str, tuple[Callable[[str], float], float, float]] = {  # kind, least, most
    "db": (int, 0, inf),
    "health_check_interval": (int, 0, inf),
    "max_connections": (int, 1, inf),
    "socket_connect_timeout": (float, 0.001, WAIT_S_MAX),
    "socket_read_size": (int, 1, READ_BYTES_MAX),
    "socket_timeout": (float, 0.001, WAIT_S_MAX),
}


def ensure_options(url: str) -> None:
    """Raise `ValueError` for an option that no text can state, or a number that is none."""
    for name, values in parse_qs(urlsplit(url).query).items():
        if name not in TEXTS and name not in NUMBERS:
            raise ValueError(f"it has no option {name}; leave that out")
        if name in NUMBERS and not _is_within(values[0], *NUMBERS[name]):
            raise ValueError(f"its option {name} takes no {values[0]!r}")


def _is_within(text: str, kind: Callable[[str], float], least: float, most: float) -> bool:
    try:
        return least <= kind(text) <= most  # false for nan
    except (ValueError, OverflowError):
        return False
