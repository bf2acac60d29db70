"""The terminal and what all reports print on it: headings, and text without markup."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment

from booking.core.printable import printable, printable_lines
from booking.report.terminal.wrapping import columns_of


class SafeConsole(Console):
    """A console that prints no control character but its own styles and cursor movements.

    It leaves a broken pipe to the caller; rich ends the program with 1.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, emoji=False, **options)

    def on_broken_pipe(self) -> None:
        """Raise the error that is being handled."""
        raise  # noqa: PLE0704 - called from `except BrokenPipeError`

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Render as rich does; in each segment the style and the text are still apart."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            if style is not None and style.link:  # markup of a stranger; ours has none
                style = style.update_link(None)
            yield segment if control else Segment(printable_lines(text), style)


@cache
def console() -> Console:
    """Return the console, as wide as the terminal; plain text where the output is none."""
    return SafeConsole(width=columns_of(), soft_wrap=True)


def plain(text: str) -> str:
    """Return a text of one line that means no markup, whatever is in it."""
    return escape(printable(text))


def show_heading(text: str) -> None:
    """Print a heading, below an empty line."""
    console().print(f"\n[bold]{plain(text)}[/]")
