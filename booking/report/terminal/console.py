"""The terminal and what all reports print on it: headings, verdicts, labelled lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment

from booking.core.printable import printable, printable_lines
from booking.core.verdict import Outcome

PLAIN_WIDTH = 100  # of output that is no terminal
LABEL_WIDTH = 10
SIGNS = {Outcome.VALID: "✓", Outcome.INVALID: "✗", Outcome.UNKNOWN: "?"}
COLOURS = {Outcome.VALID: "green", Outcome.INVALID: "red", Outcome.UNKNOWN: "yellow"}


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
    """Return the console: plain text of one width where the output is no terminal."""
    return SafeConsole(width=None if sys.stdout.isatty() else PLAIN_WIDTH, soft_wrap=True)


def plain(text: str) -> str:
    """Return a text of one line that means no markup, whatever is in it."""
    return escape(printable(text))


def show_heading(text: str) -> None:
    """Print a heading, below an empty line."""
    console().print(f"\n[bold]{plain(text)}[/]")


def show_verdict(outcome: Outcome, anomalies: Iterable[str]) -> None:
    """Print an outcome and the names of its anomalies, above an empty line."""
    verdict = f"[bold {COLOURS[outcome]}]{SIGNS[outcome]} {outcome.upper()}[/]"
    console().print(f"{verdict}  {plain(', '.join(anomalies))}")
    console().print()


def show_line(label: str, text: str, width: int = LABEL_WIDTH) -> None:
    """Print a text behind its label."""
    console().print(f"  [dim]{plain(f'{label:<{width}}')}[/]{plain(text)}")
