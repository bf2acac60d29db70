"""Show the matrix of anomalies, guards and stores on the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from itertools import groupby

from rich.text import Text

from booking.core.command_line import counterexample_command
from booking.core.scenario import Scenario
from booking.core.verdict import Outcome
from booking.experiments.matrix import ROWS, Cell, Column, Shown
from booking.report.matrix_files import CAVEATS, LEGEND, SIGNS
from booking.report.terminal.console import console
from booking.report.terminal.layout import (
    GAP,
    INDENT,
    Block,
    Command,
    Line,
    Part,
    show_parts,
    show_verdict,
    table,
)
from booking.report.terminal.wrapping import cells

STYLES = {Shown.PREVENTED: "green", Shown.HAPPENS: "bold red", Shown.NOT_PROVOKED: "dim"}
HEAD_CHARS = len(INDENT) + max(map(len, ROWS))
WIDEST_SIGN = len("≤100%")


def show_matrix(columns: Sequence[Column], command: Callable[..., str]) -> None:
    """Print a table of anomalies by guards for each store, in blocks that the terminal holds.

    `command` returns the command that was typed, with other parameters where they are given.
    """
    _show_verdict(columns)
    parts: list[Part] = []
    for store, group in groupby(columns, key=lambda column: column.store):
        for at, block in enumerate(_blocks(list(group), console().width)):
            parts.append(Block(_table(block), store if at == 0 else f"{store}, more guards"))
    for line in LEGEND:
        sign, _, meaning = line.partition(": ")
        parts.append(Line(sign, meaning))
    parts += [
        Line("left out", f"{column.guard} on {column.store}: {column.left_out}")
        for column in columns
        if column.left_out
    ]
    parts.append(Line("rests on", "; ".join(CAVEATS)))
    show_parts([*parts, *_evidence(columns), *_next(columns, command)])


def _show_verdict(columns: Sequence[Column]) -> None:
    """Print which guards let an anomaly happen."""
    shown = [(column, column.cell(name).shown) for column in columns for name in ROWS]
    happens = [f"{column.guard} on {column.store}" for column, how in shown if how is Shown.HAPPENS]
    some = bool(happens)
    numbers = f"{len(happens)} of {len(shown)} cells" if some else f"{len(shown)} cells"
    outcome = Outcome.INVALID if some else Outcome.VALID
    show_verdict(outcome, happens, numbers, "HAPPENS" if some else "NONE HAPPENS")


def _evidence(columns: Sequence[Column]) -> list[Part]:
    """Return the command that shows each anomaly again, from its file."""
    return [
        Command(name, _shows(column, cell), f"{column.guard} on {column.store}: {cell.message}")
        for column in columns
        for name in ROWS
        if (cell := column.cell(name)).evidence is not None
    ]


def _shows(column: Column, cell: Cell) -> str:
    assert cell.evidence is not None
    if cell.how == "judged":
        return shlex.join(["booking", "check", str(cell.evidence)])
    return counterexample_command(Scenario(store=column.store, guard=column.guard), cell.evidence)


def _next(columns: Sequence[Column], command: Callable[..., str]) -> list[Part]:
    """Return the commands that show more than this one did."""
    parts: list[Part] = []
    if enough := trials_for_all(columns):
        more = command(trials=enough)
        parts.append(Command("next", more, "not every kill and pause was tried; this tries all"))
    happens = any(column.cell(name).shown is Shown.HAPPENS for column in columns for name in ROWS)
    if happens and not _evidence(columns):
        parts.append(Command("evidence", command(witnesses="found"), "a file for each ✗"))
    return [*parts, Command("again", command())]


def trials_for_all(columns: Sequence[Column]) -> int:
    """Return how many trials would try every kill and pause; 0 where there were enough."""
    numbers = [
        column.decided + column.undecided + column.untried for column in columns if column.untried
    ]
    return max(numbers, default=0)


def _table(columns: Sequence[Column]) -> list[Text]:
    rows: list[list[str | Text]] = [["", *(column.guard for column in columns)]]
    rows += [[name, *(_sign(column.cell(name)) for column in columns)] for name in ROWS]
    rows.append(["N sales", *(str(column.decided) for column in columns)])
    return table(rows, ["bold", *[""] * len(ROWS), "dim"])


def _blocks(columns: Sequence[Column], width_max: int) -> list[list[Column]]:
    """Return the columns in groups whose tables are no wider than the terminal."""
    blocks: list[list[Column]] = [[]]
    left = width_max - HEAD_CHARS
    for column in columns:
        width = len(GAP) + max(WIDEST_SIGN, cells(column.guard))
        if width > left and blocks[-1]:
            blocks.append([])
            left = width_max - HEAD_CHARS
        blocks[-1].append(column)
        left -= width
    return blocks


def _sign(cell: Cell) -> Text:
    sign = SIGNS.get(cell.shown) or f"≤{cell.rate_max:.0%}"
    return Text(sign, STYLES[cell.shown])
