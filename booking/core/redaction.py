"""Redact passwords in the URLs of servers, wherever a text is shown or stored."""

from __future__ import annotations

import re
from urllib.parse import unquote

MASK = "***"
# Up to the last @: a password may contain one that should have been written %40.
_LOGIN = re.compile(r"(?P<before>//[^\s/:@?#]*:)(?P<secret>\S+)(?=@)")
_QUERY = re.compile(r"(?P<before>password=)(?P<secret>[^&#\s]*[^&#\s:;])", re.IGNORECASE)
_SPECIAL = re.compile(r"[@:/?#&=%\[\]]")  # where a parser may have cut a password into pieces


def redacted(text: str, url: str = "") -> str:
    """Return the text with `***` for each password in it, and for what it quotes of `url`'s."""
    for pattern in (_LOGIN, _QUERY):
        text = pattern.sub(rf"\g<before>{MASK}", text)
    for piece in sorted(_pieces(url), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(piece)}(?!\w)", MASK, text)
    return text


def _pieces(url: str) -> set[str]:
    """Return the passwords of a URL: as written, as meant, and in the pieces a parser sees."""
    secrets = {match["secret"] for form in (_LOGIN, _QUERY) for match in form.finditer(url)}
    secrets |= {unquote(secret) for secret in secrets}
    cut = {piece for secret in secrets for piece in _SPECIAL.split(secret)}
    return (secrets | cut) - {"", MASK}
