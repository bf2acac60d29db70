"""Show a sale while it runs: the operations of a few buyers, or a bar for many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from booking.core.assembly import assemble
from booking.core.scenario import Scenario
from booking.fleets.listener import Listener
from booking.history.model import Event
from booking.report.terminal.layout import show_paragraph
from booking.report.terminal.progress import ProgressDisplay, progress
from booking.report.terminal.store import spelt, tickets

FEW = 20
PHASES = {"start": "starting buyers", "arrive": "waiting for the start", "sell": "selling"}
VERBS = {("search", "ok"): "searches", ("buy", "ok"): "buys", ("buy", "fail"): "gets nothing"}
STYLES = {"ok": "", "fail": "dim", "info": "yellow"}
TOLD_BY_NUMBER = frozenset({"before", "seat"})  # an order's number names the tickets it was sold


@contextmanager
def listening(scenario: Scenario, *, quiet: bool = False) -> Iterator[Listener]:
    """Yield the listener for a sale: a line an operation for few buyers, a bar for many."""
    if not quiet and scenario.buyers <= FEW and not scenario.until_sold_out:
        numbers = assemble(scenario).guard_traits.numbers
        yield OperationLines(numbered=numbers in TOLD_BY_NUMBER)
    else:
        with progress() as display:
            yield _PhaseBar(display)


class OperationLines:
    """Prints each completed operation of the sale; its control, the second sale, is left out.

    A ticket that was sold before is marked, where `numbered` orders name their tickets.
    """

    wants_events = True

    def __init__(self, *, numbered: bool) -> None:
        self._opened_ns = 0
        self._sales = 0
        self._numbered = numbered
        self._buyer_of: dict[int | str, int | str] = {}  # of each ticket that was sold

    def opened(self, at_ns: int) -> None:
        """Take note when the sale began."""
        self._opened_ns = at_ns
        self._sales += 1

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        """Print the operations that completed since the last time."""
        for event in events:
            if self._sales == 1 and event.type in {"ok", "fail", "info"}:
                show_event(event, (event.time - self._opened_ns) / 1e6, self._sold_before(event))

    def _sold_before(self, event: Event) -> str:
        """Return which ticket of an order was sold before, and to which buyer."""
        if not self._numbered or (event.f, event.type) != ("buy", "ok"):
            return ""
        mark = ""
        for ticket in _tickets_of(event):
            if ticket in self._buyer_of:
                several = "" if event.quantity == 1 else f"{ticket} "
                mark = mark or f"✗ {several}sold to buyer {self._buyer_of[ticket]} before"
            self._buyer_of.setdefault(ticket, event.process)
        return mark


class _PhaseBar:
    """Shows how many buyers have passed the present phase."""

    wants_events = False

    def __init__(self, display: ProgressDisplay) -> None:
        self._display = display

    def opened(self, at_ns: int) -> None:
        pass

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        self._display.update(PHASES[phase], done, total)


def show_event(event: Event, at_ms: float, mark: str = "") -> None:
    """Print a completed operation; `at_ms` counts from the opening of the gate."""
    verb = VERBS.get((event.f, event.type), event.f)
    if event.type != "ok":
        what = spelt(event.error or event.type)
    elif event.f == "search":
        what = f"{event.value} left"
    else:
        what = tickets(event.value, event.quantity)
    style = STYLES[event.type] if event.f == "buy" else ""
    text = f"{what}  {mark}" if mark else what
    show_paragraph(text, f"{at_ms:8.1f} ms  buyer {event.process:<3} {verb:<13} ", style)


def _tickets_of(event: Event) -> list[int | str]:
    """Return the tickets of an order, the highest of which is its value; at most a thousand."""
    number = event.value
    if isinstance(number, str):
        return [number]
    if not isinstance(number, int):
        return []
    return list(range(number, number - min(event.quantity, 1000), -1))
