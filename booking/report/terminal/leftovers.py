"""Show what killed commands left behind, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from booking.experiments.leftovers import Leftover
from booking.report.terminal.console import console
from booking.report.terminal.layout import table

HINT = "remove what is free with: booking list --leftovers --remove"


def show_leftovers(found: Sequence[Leftover]) -> None:
    """Print a row for each; where there is none, say so."""
    if not found:
        console().print("nothing is left behind")
        return
    rows = [["state", "owner", "what it is", "path"]]
    for leftover in found:
        state = "removed" if leftover.removed else leftover.state
        rows.append([state, leftover.owner, leftover.kind, str(leftover.path)])
    for line in table(rows, ["dim"], indent=""):
        console().print(line)
    if any(leftover.state == "free" and not leftover.removed for leftover in found):
        console().print(f"\n[dim]{HINT}[/]", markup=True)
