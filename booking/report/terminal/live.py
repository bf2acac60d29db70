"""Show a sale while it runs: the operations of a few buyers, or a bar for many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from booking.core.scenario import Scenario
from booking.fleets.listener import Listener
from booking.history.model import Event
from booking.report.terminal.progress import ProgressDisplay, progress
from booking.report.terminal.sale import show_event

FEW = 20
PHASES = {"start": "starting buyers", "arrive": "waiting for the start", "sell": "selling"}


@contextmanager
def listening(scenario: Scenario, *, quiet: bool = False) -> Iterator[Listener]:
    """Yield the listener for a sale: a line an operation for few buyers, a bar for many."""
    if not quiet and scenario.buyers <= FEW and not scenario.until_sold_out:
        yield _OperationLines()
    else:
        with progress() as display:
            yield _PhaseBar(display)


class _OperationLines:
    """Prints each completed operation of the sale; its control, the second sale, is left out."""

    wants_events = True

    def __init__(self) -> None:
        self._opened_ns = 0
        self._sales = 0

    def opened(self, at_ns: int) -> None:
        self._opened_ns = at_ns
        self._sales += 1

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        for event in events:
            if self._sales == 1 and event.type in {"ok", "fail", "info"}:
                show_event(event, (event.time - self._opened_ns) / 1e6)


class _PhaseBar:
    """Shows how many buyers have passed the present phase."""

    wants_events = False

    def __init__(self, display: ProgressDisplay) -> None:
        self._display = display

    def opened(self, at_ns: int) -> None:
        pass

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        self._display.update(PHASES[phase], done, total)
