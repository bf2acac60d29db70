"""Read the operations in Jepsen's log, on the console or in a file, and its `history.txt`.

A line ends with process, type, operation and value, and perhaps an error, with tabs between them:
`INFO [2026-11-01 10:00:00,123] jepsen worker 0 - jepsen.util 0	:invoke	:add	1`. What precedes
differs with Jepsen's version. All other lines of a log are left out. There are no times, so the
order of the lines stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from booking.history.edn import EdnReader, TruncatedError, tokens_of
from booking.history.model import Event
from booking.history.reader import Loose

_TYPES = "invoke|ok|fail|info"
OPERATION = re.compile(
    rf"(?:^|\s)(?P<process>\d+|:[\w.-]+)[ \t]+:(?P<type>{_TYPES})"
    r"[ \t]+:(?P<f>[^\s:,()\[\]{}\"]+)(?P<rest>[ \t].*)?$"
)
_NEARLY = re.compile(rf"\t:(?:{_TYPES})\t+:")


class JepsenLogReader(EdnReader):
    """Reads one operation a line."""

    def lines(self) -> Iterator[tuple[int, list[Event]]]:
        """Yield each operation with its line."""
        for number, raw in self.source.numbered_lines():
            text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
            match = OPERATION.search(text.rstrip("\r\n"))
            if match is None:
                if _NEARLY.search(text):
                    self.refuse(number, "this is no operation of Jepsen's log")
                continue
            if not text.endswith("\n"):
                self.cut_off(number)  # a count may lack its last digits
                return
            yield number, [self.placed(self._loose(match, number), number)]

    def _loose(self, match: re.Match[str], number: int) -> Loose:
        process, text = match["process"], (match["rest"] or "").strip()
        # Where a page has turned tabs into spaces, an error begins behind the first value.
        value_text, _, error_text = text.partition("\t")
        values = self._forms_in(value_text, number)
        if values is None or (len(values) > 1 and match["type"] in {"invoke", "ok"}):
            self.refuse(number, f"the value {value_text[:40]!r} is no EDN")
        value, *more = values or [None]
        return Loose(
            process=int(process) if process.isdigit() else process[1:],
            type=match["type"], f=match["f"], value=value,
            error=self._error(error_text, number) if error_text else (more or None),
        )  # fmt: skip

    def _error(self, text: str, number: int) -> Any:
        """Return an error, which Jepsen prints unquoted: a value or some words."""
        forms = self._forms_in(text, number)
        return forms[0] if forms is not None and len(forms) == 1 else text

    def _forms_in(self, text: str, number: int) -> list[Any] | None:
        """Return all values in a text, None where it is no EDN."""
        tokens = tokens_of(text, number)
        try:
            return [self.form(token, tokens, 0) for token in tokens]
        except (TruncatedError, ValueError):
            return None
