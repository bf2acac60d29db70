"""The inventory as a JSON document: `{"ticket_num": 3}`, its other keys kept as they are.

The count is spliced into the text, so that every other byte of the file survives a sale:
key order, white space, the spelling of numbers.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Never

from booking.core.protocols import TICKETS_MAX
from booking.errors import MalformedError

KEY = "ticket_num"
SHOWN_CHARS_MAX = 40
DIGITS_MAX = len(str(TICKETS_MAX)) - 1
_SHOWN: dict[type, str] = {
    list: "a list",
    dict: "an object",
}  # which may be large, and nested deeply
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes before and behind the count in a document that was parsed once."""

    prefix: bytes
    suffix: bytes

    def render(self, tickets: int) -> bytes:
        """Return the document with another count in it."""
        return b"%b%d%b" % (self.prefix, tickets, self.suffix)

    def count(self, data: bytes) -> int | None:
        """Return the count where `data` differs from the known document in nothing else.

        No parser is needed then: a JSON document stays valid when one number in it is
        replaced by another.
        """
        if not (data.startswith(self.prefix) and data.endswith(self.suffix)):
            return None
        digits = data[len(self.prefix) : len(data) - len(self.suffix)]
        if (
            not digits.isdigit()
            or len(digits) > DIGITS_MAX
            or (digits.startswith(b"0") and digits != b"0")
        ):
            return None
        return int(digits)


NEW = Frame(b'{"%b": ' % KEY.encode(), b"}\n")


def parse(data: bytes, where: str) -> tuple[int, Frame]:
    """Parse a document; return its count and its frame, or raise `MalformedError`."""
    text = _text(data, where)
    document = _load(text, where)
    if not isinstance(document, dict):
        raise MalformedError(f'{where}: not a JSON object; expected {{"{KEY}": 3}}')
    if KEY not in document:
        raise MalformedError(f'{where}: no "{KEY}" in it; expected {{"{KEY}": 3}}')
    count = _checked(document[KEY], where)
    start, end = _span(text)
    return count, Frame(text[:start].encode(), text[end:].encode())


def _text(data: bytes, where: str) -> str:
    if not data.strip():
        raise MalformedError(f'{where}: the file is empty; expected {{"{KEY}": 3}}')
    if data.startswith(b"\xef\xbb\xbf"):
        raise MalformedError(f"{where}: begins with a byte order mark; save it as plain UTF-8")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"{where}: not UTF-8 (byte {error.start})") from None


def _load(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno} column {error.colno}"
        raise MalformedError(f"{where}: not JSON: {error.msg} ({at})") from None
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise MalformedError(f"{where}: not usable: {problem.split(';')[0]}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {json.dumps(twice)} stands in it twice")
    return document


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _checked(count: Any, where: str) -> int:
    """Return the count if it is a whole number; a bool is an int only to Python."""
    if isinstance(count, bool) or not isinstance(count, int):
        shown = _SHOWN.get(type(count)) or json.dumps(count)
        shown = shown if len(shown) <= SHOWN_CHARS_MAX else shown[:SHOWN_CHARS_MAX] + "..."
        raise MalformedError(f'{where}: "{KEY}" is {shown}; expected a whole number, 0 or more')
    if count < 0:
        raise MalformedError(f'{where}: "{KEY}" is negative; expected 0 or more')
    if count > TICKETS_MAX:
        raise MalformedError(f'{where}: "{KEY}" is too large; expected at most {TICKETS_MAX}')
    return count


def _span(text: str) -> tuple[int, int]:
    """Return where the count begins and ends in the text of a valid document."""

    def skip(at: int) -> int:
        space = _SPACE.match(text, at)
        return space.end() if space else at

    decoder = json.JSONDecoder()
    at = skip(0) + 1  # behind the brace
    while True:
        key, at = decoder.raw_decode(text, skip(at))
        start = skip(skip(at) + 1)  # behind the colon
        _, end = decoder.raw_decode(text, start)
        if key == KEY:
            return start, end
        at = skip(end) + 1  # behind the comma
