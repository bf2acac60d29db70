"""Passwords in the URLs of servers: they open the connection, and are shown to nobody."""

from __future__ import annotations

import re
from urllib.parse import unquote

MASK = "***"
# To the last @: a password may hold one that should have been written %40.
_LOGIN = re.compile(r"(?P<before>//[^\s/:@?#]*:)(?P<secret>\S+)(?=@)")
_QUERY = re.compile(r"(?P<before>password=)(?P<secret>[^&#\s]*[^&#\s:;])", re.IGNORECASE)
_SPECIAL = re.compile(r"[@:/?#&=%\[\]]")  # where a parser may have cut a password into pieces


def masked(text: str, url: str = "") -> str:
    """Give a text with each password of a URL as `***`, and what a driver quotes of `url`'s."""
    for pattern in (_LOGIN, _QUERY):
        text = pattern.sub(rf"\g<before>{MASK}", text)
    for piece in sorted(_pieces(url), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(piece)}(?!\w)", MASK, text)
    return text


def _pieces(url: str) -> set[str]:
    """Give the passwords of a URL: as written, as meant, and in the pieces a parser sees."""
    secrets = {found["secret"] for one in (_LOGIN, _QUERY) for found in one.finditer(url)}
    secrets |= {unquote(secret) for secret in secrets}
    cut = {piece for secret in secrets for piece in _SPECIAL.split(secret)}
    return (secrets | cut) - {"", MASK}
