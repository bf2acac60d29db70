"""Show what killed commands left behind, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from booking.experiments.leftovers import Leftover
from booking.report.terminal.console import console, plain

HINT = "remove what is free with: booking list --leftovers --remove"


def show_leftovers(found: Sequence[Leftover]) -> None:
    """Print a row for each; where there is none, say so."""
    if not found:
        console().print("nothing is left behind")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("state", "owner", "what it is", "path"):
        table.add_column(column, header_style="dim", overflow="fold")
    for leftover in found:
        state = "removed" if leftover.removed else leftover.state
        table.add_row(state, plain(leftover.owner), leftover.kind, plain(str(leftover.path)))
    console().print(table)
    if any(leftover.state == "free" and not leftover.removed for leftover in found):
        console().print(f"\n[dim]{HINT}[/]", markup=True)
