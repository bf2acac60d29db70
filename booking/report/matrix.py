"""The matrix of anomalies, guards and stores: for people, for documents, for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.table import Table

from booking.matrix import EXPLORED, ROWS, Cell, Column, Shown
from booking.report.terminal import console

SIGNS = {Shown.PREVENTED: "✓", Shown.HAPPENS: "✗", Shown.NOT_PROVOKED: "–"}
LEGEND = (
    "✓ prevented: every interleaving of three bounded sales explored, all sound",
    "✗ happens: a run shows it",
    "– not provoked: zero in N sales, kills and a pause among them; 95 % sure: at most 3/N have it",
)


def show_matrix(columns: Sequence[Column]) -> None:
    """Print a table for each store: anomalies by guards."""
    out = console()
    for store, group in groupby(columns, key=lambda one: one.store):
        mine = list(group)
        table = Table(title=store, title_justify="left", box=None, pad_edge=False, padding=(0, 1))
        table.add_column("", no_wrap=True)
        for column in mine:
            table.add_column(column.guard, justify="center", overflow="fold")
        for name in ROWS:
            table.add_row(name, *(SIGNS[column.cell(name).shown] for column in mine))
        table.add_row("sales", *(str(column.judged) for column in mine))
        out.print(table)
        out.print()
    for line in LEGEND:
        out.print(line)
    shown = [(column, name, column.cell(name)) for column in columns for name in ROWS]
    for column, name, cell in shown:
        if cell.witness is not None:
            out.print(f"{column.guard} on {column.store}: {name}, {cell.message}: {cell.witness}")


def markdown(columns: Sequence[Column]) -> str:
    """Give the matrix as a table for a document."""
    heads = [f"{column.guard} on {column.store}" for column in columns]
    lines = ["| anomaly | " + " | ".join(heads) + " |", "|---|" + "---|" * len(columns)]
    lines += [
        f"| {name} | " + " | ".join(_words(column.cell(name)) for column in columns) + " |"
        for name in ROWS
    ]
    return "\n".join([*lines, "", *(f"* {line}" for line in LEGEND), ""])


def matrix_document(columns: Sequence[Column]) -> dict[str, Any]:
    """Give the matrix for scripts."""
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
                "cells": {name: _plain(column.cell(name)) for name in ROWS},
            }
            for column in columns
        ],
    }


def _words(cell: Cell) -> str:
    if cell.shown is Shown.NOT_PROVOKED:
        return f"– 0 of {cell.trials}, ≤ {cell.rate_max:.0%}"
    if cell.shown is Shown.HAPPENS and cell.witness is not None:
        return f"✗ [{cell.how}]({cell.witness})"
    return f"{SIGNS[cell.shown]} {cell.how}"


def _plain(cell: Cell) -> dict[str, Any]:
    return {
        "shown": cell.shown,
        "how": cell.how,
        "trials": cell.trials,
        "rate_max_95": cell.rate_max,
        "message": cell.message or None,
        "witness": str(cell.witness) if cell.witness is not None else None,
    }
