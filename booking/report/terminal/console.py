"""The terminal and what all reports print on it: headings, verdicts, labelled lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache

from rich.console import Console
from rich.markup import escape

from booking.core.verdict import Outcome

PLAIN_WIDTH = 100  # of output that is no terminal
LABEL_WIDTH = 10
SIGNS = {Outcome.VALID: "✓", Outcome.INVALID: "✗", Outcome.UNKNOWN: "?"}
COLOURS = {Outcome.VALID: "green", Outcome.INVALID: "red", Outcome.UNKNOWN: "yellow"}


class PlainConsole(Console):
    """A console that leaves a broken pipe to the caller; rich ends the program with 1."""

    def on_broken_pipe(self) -> None:
        """Raise the error that is being handled."""
        raise  # noqa: PLE0704 - called from `except BrokenPipeError`


@cache
def console() -> Console:
    """Return the console: plain text of one width where the output is no terminal."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return PlainConsole(width=width, highlight=False, soft_wrap=True)


def show_heading(text: str) -> None:
    """Print a heading, below an empty line."""
    console().print(f"\n[bold]{escape(text)}[/]")


def show_verdict(outcome: Outcome, anomalies: Iterable[str]) -> None:
    """Print an outcome and the names of its anomalies, above an empty line."""
    verdict = f"[bold {COLOURS[outcome]}]{SIGNS[outcome]} {outcome.upper()}[/]"
    console().print(f"{verdict}  {', '.join(anomalies)}")
    console().print()


def show_line(label: str, text: str, width: int = LABEL_WIDTH) -> None:
    """Print a text behind its label."""
    console().print(f"  [dim]{label:<{width}}[/]{escape(text)}")
