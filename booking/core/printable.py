r"""Write control characters as escapes (`\x1b`), wherever a text reaches a terminal or a log.

A name, a title or the message of a user's store may come from a stranger. A terminal obeys its
escape sequences: they clear the screen, write over what was printed, and set the window's title.
"""

from __future__ import annotations

import re

# C0 and C1 controls, DEL; every character of Unicode's property Bidi_Control, which reorders what
# is around it; line and paragraph separators; surrogates, which no encoding can write.
_C0 = "\x00-\x08\x0b-\x1f"
_OTHERS = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_LINES = re.compile(f"[{_C0}{_OTHERS}]")
_IN_A_LINE = re.compile(f"[\t\n{_C0}{_OTHERS}]")
_IN_JSON = re.compile(f"[{_OTHERS}]")  # JSON itself writes the others as escapes


def printable(text: str) -> str:
    """Return a text of one line; a line's end in it is written as an escape, too."""
    return _IN_A_LINE.sub(_escape, text)


def printable_lines(text: str) -> str:
    """Return a text whose line ends and tabs stay."""
    return _IN_LINES.sub(_escape, text)


def printable_json(document: str) -> str:
    r"""Return a JSON document without control characters; it means the same (`\u009b`).

    Only a surrogate, which JSON cannot hold, becomes the text of its escape.
    """
    return _IN_JSON.sub(_json_escape, document)


def _json_escape(found: re.Match[str]) -> str:
    character = found[0]
    return ("\\" if "\ud800" <= character <= "\udfff" else "") + f"\\u{ord(character):04x}"


def _escape(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
