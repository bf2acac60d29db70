"""While a sale runs: what each buyer does when they are few, a bar when they are many."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from booking.core.scenario import Scenario
from booking.fleets.listener import Listener, NullListener
from booking.history.model import Event
from booking.report.terminal.sale import console, event_line

FEW = 20
PATIENCE_S = 1.0  # nobody needs a bar for less
PHASES = {"start": "starting buyers", "arrive": "waiting for the gate", "sell": "selling"}


@contextmanager
def watching(scenario: Scenario, *, quiet: bool = False) -> Iterator[Listener]:
    """Give the watcher that fits: a line an event, a bar, or nobody."""
    screen = Console(stderr=True)
    if not quiet and scenario.buyers <= FEW and not scenario.until_sold_out:
        yield _Lines()
    elif screen.is_terminal:
        with _Bar(screen) as bar:
            yield bar
    else:
        yield NullListener()


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
                console().print(event_line(event, (event.time - self._opened_ns) / 1e6))


class _Bar:
    """A progress bar on standard error; drawn by hand, as a thread must not be there at a fork."""

    wants_events = False

    def __init__(self, screen: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), console=screen, auto_refresh=False, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=None)
        self._start_s = time.monotonic()
        self._shown = False

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._bar.stop()

    def opened(self, at_ns: int) -> None:
        pass

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        if not self._shown:
            if time.monotonic() - self._start_s < PATIENCE_S:
                return
            self._shown = True
            self._bar.start()
        self._bar.update(self._task, description=PHASES[phase], completed=done, total=total)
        self._bar.refresh()
