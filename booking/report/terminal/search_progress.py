"""How far a long command is: on a terminal, after a second, on one line of standard error."""

from __future__ import annotations

import sys
import time

import click

PATIENCE_S = 1.0
SHOWN_EVERY_S = 0.5


class Progress:
    """Tells now and then; drawn by whoever works, as a thread must not be there at a fork."""

    def __init__(self) -> None:
        self._began_s = self._shown_s = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._shown = False

    def tell(self, text: str) -> None:
        """Show a line in place of the last one, unless that was a moment ago."""
        now_s = time.monotonic()
        if not self._terminal or now_s - self._began_s < PATIENCE_S:
            return
        if now_s - self._shown_s >= SHOWN_EVERY_S:
            self._shown, self._shown_s = True, now_s
            click.echo(f"\r\033[K{text}, {now_s - self._began_s:.0f} s", err=True, nl=False)

    def end(self) -> None:
        """Leave the line as it was before."""
        if self._shown:
            click.echo("\r\033[K", err=True, nl=False)
