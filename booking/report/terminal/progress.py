"""The one progress display: on a terminal, after a second, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from booking.system.signals import check

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE_S = 1.0  # shorter work needs no display
REDRAWN_EVERY_S = 0.1


class ProgressDisplay:
    """A line with the present work: how much of it is done and how long the rest takes.

    Where the amount is unknown, it shows for how long the work has gone on. The working process
    draws it, at most every 0.1 s: no thread may be there when buyers fork.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._visible = not quiet and sys.stderr.isatty()
        self._due_s = time.monotonic() + PATIENCE_S
        self._bar: Progress | None = None
        self._done, self._total = 0, 0

    def update(self, text: str, done: int = 0, total: int = 0) -> None:
        """Show `text`, and `done` of `total`; a total of 0 means that it is unknown."""
        if time.monotonic() < self._due_s:
            return
        self._due_s = time.monotonic() + REDRAWN_EVERY_S
        check()
        if not self._visible:
            return
        bar = self._bar = self._bar or _opened(text, total)
        task = bar.task_ids[0]
        if total != self._total or done < self._done:
            bar.reset(task)  # another piece of work has a speed of its own
        self._done, self._total = done, total
        bar.update(task, description=text, completed=done, total=total or None)
        bar.refresh()

    def close(self) -> None:
        """Clear the line."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[ProgressDisplay]:
    """Open the progress display for the block."""
    display = ProgressDisplay(quiet=quiet)
    try:
        yield display
    finally:
        display.close()


def _opened(text: str, total: int) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from booking.report.terminal.console import SafeConsole

    work = TextColumn("{task.description}", markup=False)
    bar = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    columns = (*bar, work) if total else (work, TimeElapsedColumn())
    # Redirected, what a user's store prints would go to standard error.
    opened = Progress(
        *columns, console=SafeConsole(stderr=True), auto_refresh=False, transient=True,
        redirect_stdout=False, redirect_stderr=False,
    )  # fmt: skip
    opened.add_task(text, total=total or None)
    opened.start()
    return opened
