"""The matrix of anomalies, guards and stores: for people, for documents, for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.table import Table
from rich.text import Text

from booking.experiments.matrix import EXPLORED, ROWS, Cell, Column, Shown
from booking.report.terminal.sale import console

SIGNS = {Shown.PREVENTED: "✓", Shown.HAPPENS: "✗"}
STYLES = {Shown.PREVENTED: "green", Shown.HAPPENS: "bold red", Shown.NOT_PROVOKED: "dim"}
LEGEND = (
    f"✓ prevented: every interleaving of {len(EXPLORED)} bounded sales explored, all sound",
    "✗ happens: a run shows it",
    "≤ not provoked: zero in N sales, kills and pauses among them; 95 % sure: at most 3/N have it",
)
HEAD_CHARS = max(map(len, ROWS))
GAP_CHARS = 2


def show_matrix(columns: Sequence[Column]) -> None:
    """Print a table for each store: anomalies by guards, in as many blocks as the room takes."""
    out = console()
    for store, group in groupby(columns, key=lambda one: one.store):
        for at, block in enumerate(_blocks(list(group), out.width)):
            out.print(_table(store if at == 0 else f"{store}, more guards", block))
            out.print()
    for line in LEGEND:
        out.print(line)
    shown = [(column, name, column.cell(name)) for column in columns for name in ROWS]
    for column, name, cell in shown:
        if cell.evidence is not None:
            out.print(f"{column.guard} on {column.store}: {name}, {cell.message}: {cell.evidence}")
    if enough := trials_for_all(columns):
        out.print(f"\nnot every kill and pause was tried; --trials {enough} tries them all")
    if not any(cell.evidence for _, _, cell in shown):
        out.print("\nthe evidence of each ✗ as a file: give --witnesses FOLDER as well")


def trials_for_all(columns: Sequence[Column]) -> int:
    """Return how many trials would try every kill and pause, or 0 where they were enough."""
    short = [
        column.decided + column.undecided + column.untried for column in columns if column.untried
    ]
    return max(short, default=0)


def _table(title: str, columns: Sequence[Column]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False,
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
    """Return a guard's name over as many lines as it has words."""
    return column.guard.replace("-", "-\n")


def _blocks(columns: Sequence[Column], room: int) -> list[list[Column]]:
    """Share the columns out among tables that are no wider than the terminal."""
    blocks: list[list[Column]] = [[]]
    left = room - HEAD_CHARS
    for column in columns:
        width = GAP_CHARS + max(len("≤100%"), *map(len, _head(column).split("\n")))
        if width > left and blocks[-1]:
            blocks.append([])
            left = room - HEAD_CHARS
        blocks[-1].append(column)
        left -= width
    return blocks


def _sign(cell: Cell) -> Text:
    sign = SIGNS.get(cell.shown) or f"≤{cell.rate_max:.0%}"
    return Text(sign, STYLES[cell.shown])


def markdown(columns: Sequence[Column]) -> str:
    """Return the matrix as a table for each store, for a document."""
    lines: list[str] = []
    for store, group in groupby(columns, key=lambda one: one.store):
        mine = list(group)
        lines += [f"### {store}", ""]
        lines += [f"| anomaly | {' | '.join(column.guard for column in mine)} |"]
        lines += ["|---|" + "---|" * len(mine)]
        for name in ROWS:
            lines += [f"| {name} | {' | '.join(_words(column.cell(name)) for column in mine)} |"]
        lines += [""]
    return "\n".join([*lines, *(f"* {line}" for line in LEGEND), ""])


def matrix_document(columns: Sequence[Column]) -> dict[str, Any]:
    """Return the matrix for scripts."""
    return {
        "anomalies": list(ROWS),
        "explored": [
            {"quantities": quantities, "tickets": tickets, "search": search}
            for quantities, tickets, search in EXPLORED
        ],
        "columns": [
            {
                "store": column.store,
                "guard": column.guard,
                "judged": column.decided,
                "undecided": column.undecided,
                "untried": column.untried,
                "cells": {name: _plain(column.cell(name)) for name in ROWS},
            }
            for column in columns
        ],
    }


def _words(cell: Cell) -> str:
    if cell.shown is Shown.NOT_PROVOKED:
        return f"0 of {cell.trials}, ≤ {cell.rate_max:.0%}"
    if cell.shown is Shown.HAPPENS and cell.evidence is not None:
        return f"✗ [{cell.how}]({cell.evidence})"
    return f"{SIGNS[cell.shown]} {cell.how}"


def _plain(cell: Cell) -> dict[str, Any]:
    return {
        "shown": cell.shown,
        "how": cell.how,
        "trials": cell.trials,
        "rate_max_95": cell.rate_max,
        "message": cell.message or None,
        "witness": str(cell.evidence) if cell.evidence is not None else None,
    }
