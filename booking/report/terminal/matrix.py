"""Show the matrix of anomalies, guards and stores on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table
from rich.text import Text

from booking.experiments.matrix import ROWS, Cell, Column, Shown
from booking.report.matrix_files import CAVEATS, LEGEND, SIGNS, left_out
from booking.report.terminal.console import console, plain

STYLES = {Shown.PREVENTED: "green", Shown.HAPPENS: "bold red", Shown.NOT_PROVOKED: "dim"}
HEAD_CHARS = max(map(len, ROWS))
GAP_CHARS = 2


def show_matrix(columns: Sequence[Column]) -> None:
    """Print a table of anomalies by guards for each store, in blocks that the terminal holds."""
    out = console()
    for store, group in groupby(columns, key=lambda column: column.store):
        for at, block in enumerate(_blocks(list(group), out.width)):
            out.print(_table(store if at == 0 else f"{store}, more guards", block))
            out.print()
    for line in (*LEGEND, f"rests on: {'; '.join(CAVEATS)}", *left_out(columns)):
        out.print(line)
    shown = [(column, name, column.cell(name)) for column in columns for name in ROWS]
    for column, name, cell in shown:
        if cell.evidence is not None:
            shown_by = f"{column.guard} on {column.store}: {name}, {cell.message}: {cell.evidence}"
            out.print(plain(shown_by))
    if enough := trials_for_all(columns):
        out.print(f"\nnot every kill and pause was tried; --trials {enough} tries them all")
    if not any(cell.evidence for _, _, cell in shown):
        out.print("\nthe evidence of each ✗ as a file: give --witnesses FOLDER as well")


def trials_for_all(columns: Sequence[Column]) -> int:
    """Return how many trials would try every kill and pause; 0 where there were enough."""
    numbers = [
        column.decided + column.undecided + column.untried for column in columns if column.untried
    ]
    return max(numbers, default=0)


def _table(title: str, columns: Sequence[Column]) -> Table:
    table = Table(
        title=plain(title), title_justify="left", title_style="bold", box=None, pad_edge=False,
        padding=(0, GAP_CHARS, 0, 0),
    )  # fmt: skip
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(_head(column), justify="center", vertical="bottom", no_wrap=True)
    for name in ROWS:
        table.add_row(name, *(_sign(column.cell(name)) for column in columns))
    table.add_row("N sales", *(str(column.decided) for column in columns), style="dim")
    return table


def _head(column: Column) -> str:
    """Return a guard's name, a line for each of its words."""
    return plain(column.guard).replace("-", "-\n")


def _blocks(columns: Sequence[Column], width_max: int) -> list[list[Column]]:
    """Return the columns in groups whose tables are no wider than the terminal."""
    blocks: list[list[Column]] = [[]]
    left = width_max - HEAD_CHARS
    for column in columns:
        width = GAP_CHARS + max(len("≤100%"), *map(len, _head(column).split("\n")))
        if width > left and blocks[-1]:
            blocks.append([])
            left = width_max - HEAD_CHARS
        blocks[-1].append(column)
        left -= width
    return blocks


def _sign(cell: Cell) -> Text:
    sign = SIGNS.get(cell.shown) or f"≤{cell.rate_max:.0%}"
    return Text(sign, STYLES[cell.shown])
