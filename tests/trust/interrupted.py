"""Stop one buyer before each line that its order runs through, while another one buys or searches.

No steps, no luck and no clock: both buyers are in one process, and the second one is called from
within the first. So it shows what is true of a variant, whatever that announces.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

from booking.core.assembly import Assembly, arrange, assemble
from booking.core.protocols import Guard, Kit, Order, Reply, Store
from booking.core.scenario import from_flags
from booking.errors import BookingError
from booking.system.pickled_copy import PickledCopy
from tests.trust.variant import Seen, Variant

TICKETS = 12
LINES_MAX = 2_000
NO_REPLY = Reply("fail")


def interrupted(variant: Variant) -> Seen:
    """Return the first fault; valid where every line was tried, and none breaks the sale."""
    assembly = assemble(from_flags(variant.flags))
    with tempfile.TemporaryDirectory() as folder:
        for line in range(LINES_MAX):
            for searches in (False, True):
                fault, reached = _sale(assembly, Path(folder), line, searches=searches)
                if fault is not None:
                    return Seen("invalid", f"line {line}: {fault}")
            if not reached:
                return Seen("valid", f"{line} lines")
    return Seen("unknown", f"not ended after {LINES_MAX} lines")


def _sale(
    assembly: Assembly, folder: Path, line: int, *, searches: bool
) -> tuple[str | None, bool]:
    """Sell with one interruption; return the fault, and whether there is such a line."""
    with closing(assembly.build_store(folder, patience_s=0.0)) as store:
        store.reset(TICKETS)
        guard = assembly.guard_with(Kit(assembly.build_lock(folder, store), 0.0, 0.0))
        arrange(store, guard)
        copies = PickledCopy((store, guard))
        with (
            closing(_Buyer(0, *copies.load())) as first,
            closing(_Buyer(1, *copies.load())) as other,
        ):
            stop = _Interruption(line, other.search if searches else other.buy)
            sold = [stop.during(first.buy)]
            if stop.error is not None:
                return f"the other one fails: {stop.error!r}", True
            if searches:
                possible = {None, TICKETS, TICKETS - (sold[0].type == "ok")}
                found = stop.result
                wrong = f"a search finds {found}" if found not in possible else None
            else:
                wrong = _wrong([*sold, stop.result or NO_REPLY], store.read())
        return wrong, stop.reached


def _wrong(replies: list[Reply], left: int) -> str | None:
    """Return what is wrong with one order of each buyer."""
    tickets = [reply.ticket for reply in replies if reply.type == "ok"]
    if left != TICKETS - len(tickets) or len(set(tickets)) < len(tickets):
        return f"of {TICKETS} tickets {tickets} were sold, and {left} are left"
    return None


class _Buyer:
    """A buyer with its own store, guard and lock."""

    def __init__(self, number: int, store: Store, guard: Guard) -> None:
        self._number = number
        self._store = store
        self._guard = guard

    def buy(self) -> Reply:
        """Order one ticket; an error means that nothing was sold."""
        try:
            return self._guard.sell(self._store, Order(self._number))
        except BookingError:  # the other one has the database
            return NO_REPLY

    def search(self) -> int:
        """Read the count."""
        return self._store.read()

    def close(self) -> None:
        """Close its store."""
        self._store.close()


class _Interruption:
    """Calls something right before the n-th line that another call runs through."""

    def __init__(self, line: int, action: Callable[[], Any]) -> None:
        self._left = line
        self._action = action
        self.reached = False
        self.result: Any = None
        self.error: Exception | None = None

    def during(self, call: Callable[[], Reply]) -> Reply:
        """Make a call, and interrupt it."""
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            return call()
        finally:
            sys.settrace(before)

    def _trace(self, _frame: FrameType, event: str, _value: object) -> Any:
        if event == "line" and not self.reached:
            if self._left == 0:
                self.reached = True
                self._interrupt()
            self._left -= 1
        return self._trace

    def _interrupt(self) -> None:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            self.result = self._action()
        except Exception as error:
            self.error = error
        finally:
            sys.settrace(tracer)
