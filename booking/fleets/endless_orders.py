"""Find buyers that take step after step and never end what they began.

A buyer that takes no step is quiet, which the harness sees. One that spins through steps looks busy
for ever, so the ends of operations are counted: a purchase takes a few steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from booking.recording.event_log import HEADER, RECORD, RecordKind

RECORDS_MAX = 100_000  # of one operation; a step that sees something takes two
ENDS = tuple(bytes([kind]) for kind in (RecordKind.OK, RecordKind.FAIL, RecordKind.INFO))


class EndlessOrders:
    """Counts what each buyer recorded since the end of its last operation."""

    def __init__(self, logs: Sequence[Path]) -> None:
        self._logs = logs
        self._offsets = [HEADER.size] * len(logs)
        self._records = [0] * len(logs)

    def look(self, buyers: Iterable[int]) -> bool:
        """Read what these buyers recorded by now; return whether an operation has ended."""
        ended = [self._look(number) for number in buyers]  # each of them, not the first alone
        return any(ended)

    def endless(self, buyers: Iterable[int]) -> list[int]:
        """Return the buyers whose operation has more steps than any that ends."""
        return [number for number in buyers if self._records[number] > RECORDS_MAX]

    def _look(self, number: int) -> bool:
        kinds = self._kinds(number)
        self._offsets[number] += len(kinds) * RECORD.size
        last = max(kinds.rfind(kind) for kind in ENDS)
        if last < 0:
            self._records[number] += len(kinds)
            return False
        self._records[number] = len(kinds) - last - 1
        return True

    def _kinds(self, number: int) -> bytes:
        try:
            with self._logs[number].open("rb") as file:
                file.seek(self._offsets[number])
                return file.read()[RECORD.size - 1 :: RECORD.size].rstrip(b"\0")
        except FileNotFoundError:
            return b""
