"""While a sale runs: what each buyer does when they are few, a bar when they are many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from booking.core.scenario import Scenario
from booking.fleets.listener import Listener
from booking.history.model import Event
from booking.report.terminal.progress import ProgressDisplay, progress
from booking.report.terminal.sale import show_event

FEW = 20
PHASES = {"start": "starting buyers", "arrive": "waiting for the gate", "sell": "selling"}


@contextmanager
def watching(scenario: Scenario, *, quiet: bool = False) -> Iterator[Listener]:
    """Return the listener that fits: a line an event for few buyers, else a progress bar."""
    if not quiet and scenario.buyers <= FEW and not scenario.until_sold_out:
        yield _Lines()
    else:
        with progress() as display:
            yield _Bar(display)


class _Lines:
    """A line for each thing that a buyer did; the control, which comes second, is left out."""

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


class _Bar:
    """Shows how many buyers have come how far."""

    wants_events = False

    def __init__(self, display: ProgressDisplay) -> None:
        self._display = display

    def opened(self, at_ns: int) -> None:
        pass

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        self._display.update(PHASES[phase], done, total)
