"""The one progress display: on a terminal, after a second, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 1.0  # shorter work needs no display
REDRAWN_EVERY_S = 0.1


class ProgressDisplay:
    """A line that says what is done, of how much where that is known, and for how long.

    The working process draws it, at most every 0.1 s: no thread may be there when buyers fork.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._visible = not quiet and sys.stderr.isatty()
        self._began_s = self._drawn_s = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def update(self, text: str, done: int | None = None, total: int | None = None) -> None:
        """Show `text`, and `done` of `total` where both are known."""
        now_s = time.monotonic()
        if not self._visible or now_s - self._began_s < PATIENCE_S:
            return
        if self._bar is not None and now_s - self._drawn_s < REDRAWN_EVERY_S:
            return
        self._drawn_s = now_s
        bar, task = self._opened(counted=total is not None)
        bar.update(task, description=text, completed=done or 0, total=total)
        bar.refresh()

    def close(self) -> None:
        """Leave the line as it was before."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _opened(self, *, counted: bool) -> tuple[Progress, TaskID]:
        if self._bar is None or self._task is None:
            self._bar = _bar(counted=counted)
            self._task = self._bar.add_task("", total=None)
            self._bar.start()
        return self._bar, self._task


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[ProgressDisplay]:
    """Open the progress display for the block."""
    display = ProgressDisplay(quiet=quiet)
    try:
        yield display
    finally:
        display.close()


def _bar(*, counted: bool) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    text, elapsed = TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    columns = (BarColumn(), MofNCompleteColumn(), elapsed, text) if counted else (text, elapsed)
    return Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
