"""Read EDN, as Jepsen writes its histories: maps, one a line or all in one vector.

A reader of ours rather than a library. The libraries take the whole text at once, keep no line
numbers, and build a parser with generated tables. A history needs two hundred lines.
Tags (`#jepsen.history.Op{…}`, `#inst "…"`) are dropped and what they tag is kept; keywords
become their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from booking.history.model import Event
from booking.history.reader import Loose, Reader, key_of

CHUNK_EVENTS = 4_096
DEPTH_MAX = 100
SHOWN_MAX = 40  # characters of a form that a message quotes
STRING_MAX = 1 << 16  # characters; an unclosed quote shall not swallow the file

_TOKEN = re.compile(
    r"""(?P<space>[\s,]+|;[^\n]*|\#![^\n]*)
      | (?P<string>"(?:\\.|[^"\\])*")
      | (?P<open>\#\{|[(\[{])
      | (?P<close>[)\]}])
      | (?P<discard>\#_)
      | (?P<tag>\#(?=[A-Za-z:])[^\s,;()\[\]{}"]+)
      | (?P<char>\\(?:[^\s]\w*))
      | (?P<atom>[^\s,;()\[\]{}"\\#][^\s,;()\[\]{}"]*)""",
    re.VERBOSE | re.DOTALL,
)
_INSIDE = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)  # of a string, up to its end
_INTEGER = re.compile(r"[+-]?\d+N?\Z")
_DECIMAL = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?M?\Z")
_CLOSES = {"(": ")", "[": "]", "{": "}", "#{": "}"}
_LITERALS = {"nil": None, "true": True, "false": False}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
DIGITS_MAX = 4000  # what Python turns into a number; more is no count of tickets
_FIELDS = frozenset(Loose.__struct_fields__)

Token = tuple[str, str, int]  # what it is, its text, its line


class TruncatedError(Exception):
    """The text ends in the middle of something."""


class EdnReader(Reader):
    """Reads one form at a time; a vector or list around all of them is walked through."""

    def lines(self) -> Iterator[tuple[int, list[Event]]]:
        """Yield each event with its line."""
        for line, form in self._forms():
            if not isinstance(form, dict):
                self.refuse(line, f"an event is a map, this is {_short(form)}")
            fields = {name: value for name, value in form.items() if name in _FIELDS}
            try:
                event = msgspec.convert(fields, Loose)
            except msgspec.ValidationError as error:
                self.refuse(
                    line, str(error).replace("Object missing required field", "there is no")
                )
            yield line, [self.placed(event, line)]

    def chunks(self) -> Iterator[list[Event]]:
        """Yield the events, some thousands at a time."""
        chunk: list[Event] = []
        for events in super().chunks():
            chunk += events
            if len(chunk) >= CHUNK_EVENTS:
                yield chunk
                chunk = []
        yield chunk

    def _forms(self) -> Iterator[tuple[int, Any]]:
        tokens = self._tokens()
        around: list[str] = []  # the closing brackets of vectors around the events
        line = 1
        try:
            for token in tokens:
                kind, text, line = token
                if kind == "open" and text in {"[", "("}:
                    around.append(_CLOSES[text])
                elif kind == "close":
                    if not around or around.pop() != text:
                        self.refuse(line, f"nothing is open that {text} closes")
                elif kind == "discard":
                    self.form(next(tokens, None), tokens, 0)
                else:
                    yield line, self.form(token, tokens, 0)
        except TruncatedError:
            self.cut_off(line)
            return
        if around:
            self.cut_off(line)

    def form(self, token: Token | None, tokens: Iterator[Token], depth: int) -> Any:
        """Return the value that begins with `token`."""
        if token is None:
            raise TruncatedError
        kind, text, line = token
        if depth > DEPTH_MAX:
            self.refuse(line, f"nested more than {DEPTH_MAX} deep")
        if kind == "tag":
            return self.form(next(tokens, None), tokens, depth + 1)
        if kind == "open":
            return self._collection(text, line, tokens, depth)
        if kind == "string":
            return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1])
        if kind == "char":
            return text[1:]
        if kind != "atom":
            self.refuse(line, f"{text} is not expected here")
        return _atom(text)

    def _collection(self, opening: str, line: int, tokens: Iterator[Token], depth: int) -> Any:
        closing, items = _CLOSES[opening], []
        while True:
            token = next(tokens, None)
            if token is None:
                raise TruncatedError
            if token[0] == "close":
                if token[1] != closing:
                    self.refuse(token[2], f"{opening} of line {line} is closed by {token[1]}")
                break
            if token[0] == "discard":
                self.form(next(tokens, None), tokens, depth + 1)
                continue
            items.append(self.form(token, tokens, depth + 1))
        if opening != "{":
            return items
        if len(items) % 2:
            self.refuse(line, "a map has a key without a value")
        return {
            key if isinstance(key, str) else str(key_of(key)): value
            for key, value in zip(items[::2], items[1::2], strict=True)
        }

    def _tokens(self) -> Iterator[Token]:
        """Yield the tokens of the file; a string may go on in the next line."""
        begun: _BegunString | None = None
        for number, raw in self.source.numbered_lines():
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                self.refuse(number, f"not UTF-8 text: {error.reason}")
            at = 0
            if begun is not None:
                at = begun.go_on(text)
                if begun.ended:
                    yield "string", begun.text(), number
                    begun = None
                elif begun.size < STRING_MAX:
                    continue
                else:
                    self.refuse(number, f"{_short(begun.text())} is no EDN")
            for match in _tokens_in(text, at):
                at = match.end()
                if match.lastgroup and match.lastgroup != "space":
                    yield match.lastgroup, match.group(), number
            if at < len(text):
                begun = self._begun(text, at, number)
        if begun is not None:
            raise TruncatedError

    def _begun(self, text: str, at: int, number: int) -> _BegunString:
        """Return the string that begins at what is no token; refuse what is no string either."""
        if text[at] != '"' or len(text) - at >= STRING_MAX:
            self.refuse(number, f"{_short(text[at:].strip())} is no EDN")
        return _BegunString(text[at:])


class _BegunString:
    """A string that goes on in the next lines; each is looked at once, however many they are."""

    def __init__(self, text: str) -> None:
        self._parts = [text]
        self.size = len(text)
        self.ended = False

    def go_on(self, line: str) -> int:
        """Add what of a line belongs to the string; return how much that is."""
        inside = _INSIDE.match(line)
        end = inside.end() if inside else 0
        self.ended = line.startswith('"', end)
        end = end + 1 if self.ended else len(line)
        self._parts.append(line[:end])
        self.size += end
        return end

    def text(self) -> str:
        """Return the string as far as it is known, with its quotes."""
        return "".join(self._parts)


def tokens_of(text: str, line: int) -> Iterator[Token]:
    """Yield the tokens of one line; raise `ValueError` where it is no EDN."""
    at = 0
    for match in _tokens_in(text, at):
        at = match.end()
        if match.lastgroup and match.lastgroup != "space":
            yield match.lastgroup, match.group(), line
    if at < len(text):
        raise ValueError(text[at:])


def _tokens_in(text: str, at: int) -> Iterator[re.Match[str]]:
    """Yield the tokens of a text up to its end, or up to what is none."""
    while at < len(text) and (match := _TOKEN.match(text, at)) is not None:
        at = match.end()
        yield match


def _atom(text: str) -> Any:
    if text[0] == ":":
        return text[1:]
    if text in _LITERALS:
        return _LITERALS[text]
    if _INTEGER.match(text) and len(text) <= DIGITS_MAX:
        return int(text.rstrip("N"))
    if _DECIMAL.match(text):
        return float(text.rstrip("M"))
    return text


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + "..."
