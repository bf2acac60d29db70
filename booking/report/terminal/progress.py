"""How far a long piece of work is, and how long it will take: on standard error, no threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Give a function that is told what comes next, how much is done, and of how much."""
    screen = Console(stderr=True)
    if quiet or not screen.is_terminal:
        yield lambda _what, _done, _total: None
        return
    # Drawn by hand, as a thread must not be there when buyers are forked.
    shown = Progress(
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"),
        console=screen, auto_refresh=False, transient=True,
    )  # fmt: skip
    task = shown.add_task("", total=None)

    def tell(what: str, done: int, total: int) -> None:
        shown.update(task, description=what, completed=done, total=total)
        shown.refresh()

    with shown:
        yield tell
