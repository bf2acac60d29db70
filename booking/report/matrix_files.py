"""The matrix of anomalies, guards and stores as files: Markdown, or one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from booking.core.printable import printable_lines
from booking.experiments.matrix import EXPLORED, ROWS, Cell, Column, Shown

SIGNS = {Shown.PREVENTED: "✓", Shown.HAPPENS: "✗"}
LEGEND = (
    f"✓ prevented: all orders of {len(EXPLORED)} bounded sales explored, N sales judged, all sound",
    "✗ happens: a run shows it",
    "≤ not provoked: zero in N sales, kills and pauses among them; 95 % sure: at most 3/N have it",
)

CAVEATS = (
    "✓ holds for the bounded sales that were explored, and if each announced step is one effect",
    "no crash, no pause, no clock and no time-outs are explored",
)


def markdown(columns: Sequence[Column]) -> str:
    """Return the matrix as a Markdown table for each store, above the legend."""
    lines: list[str] = []
    for store, columns_of_store in groupby(columns, key=lambda column: column.store):
        group = list(columns_of_store)
        lines += [f"### {store}", ""]
        lines += [f"| anomaly | {' | '.join(column.guard for column in group)} |"]
        lines += ["|---|" + "---|" * len(group)]
        for name in ROWS:
            lines += [f"| {name} | {' | '.join(_text(column.cell(name)) for column in group)} |"]
        lines += ["", *left_out(group)]
    legend = (*LEGEND, f"rests on: {'; '.join(CAVEATS)}")
    return printable_lines("\n".join([*lines, *(f"* {line}" for line in legend), ""]))


def matrix_document(columns: Sequence[Column]) -> dict[str, Any]:
    """Return the matrix as data for scripts, with the sales that were explored."""
    return {
        "anomalies": list(ROWS),
        "explored": [
            {"quantities": quantities, "tickets": tickets, "search": search}
            for quantities, tickets, search in EXPLORED
        ],
        "caveats": list(CAVEATS),
        "columns": [
            {
                "store": column.store,
                "guard": column.guard,
                "lock": column.lock,
                "left_out": column.left_out,
                "judged": column.decided,
                "undecided": column.undecided,
                "untried": column.untried,
                "cells": {name: _cell_document(column.cell(name)) for name in ROWS},
            }
            for column in columns
        ],
    }


def left_out(columns: Sequence[Column]) -> list[str]:
    """Return which guards could not be run, and why, a line each."""
    return [
        f"{column.guard} on {column.store} was left out: {column.left_out}"
        for column in columns
        if column.left_out
    ]


def _text(cell: Cell) -> str:
    if cell.shown is Shown.NOT_PROVOKED:
        return f"0 of {cell.trials}, ≤ {cell.rate_max:.0%}"
    if cell.shown is Shown.HAPPENS and cell.evidence is not None:
        return f"✗ [{cell.how}]({cell.evidence})"
    return f"{SIGNS[cell.shown]} {cell.how}"


def _cell_document(cell: Cell) -> dict[str, Any]:
    return {
        "shown": cell.shown,
        "how": cell.how,
        "trials": cell.trials,
        "rate_max_95": cell.rate_max,
        "message": cell.message or None,
        "witness": str(cell.evidence) if cell.evidence is not None else None,
    }
