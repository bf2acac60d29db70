"""The steps of a counterexample as lines of plain text, a column for each buyer that takes one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from booking.core.counterexample import Counterexample, CounterexampleStep
from booking.core.printable import printable

GAP = "    "
FATAL = "← from here on no order is sound"


def step_table(counterexample: Counterexample, width: int) -> list[str]:
    """Return the table; where it is wider than that, a line for each step with its buyer's name."""
    names = [printable(buyer.name) for buyer in counterexample.buyers]
    steps = counterexample.steps
    buyers = sorted({step.buyer for step in steps})
    marks = [_mark(counterexample, at) for at in range(len(steps))]
    table = [
        ["", *(names[buyer] for buyer in buyers)],
        *(
            [str(at), *(_cell(step) if step.buyer == buyer else "" for buyer in buyers), mark]
            for at, (step, mark) in enumerate(zip(steps, marks, strict=True), 1)
        ),
    ]
    lines = _aligned(table)
    if max(map(len, lines)) <= width:
        return lines
    return _aligned(
        [
            [str(at), names[step.buyer], _cell(step), mark]
            for at, (step, mark) in enumerate(zip(steps, marks, strict=True), 1)
        ]
    )


def _mark(counterexample: Counterexample, at: int) -> str:
    """Return what stands beside a step."""
    marks = [FATAL] if at == counterexample.fatal else []
    if at == len(counterexample.steps) - 1:
        marks.append(f"✗ {counterexample.anomaly}")
    return "  ".join(marks)


def _cell(step: CounterexampleStep) -> str:
    if step.action == "acquire":
        return "acquire" if step.saw else "acquire: gives up"
    if step.saw is not None:
        return printable(f"{step.action} → {step.saw}")
    return printable(step.action if step.value is None else f"{step.action} {step.value}")


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Join the cells of each row; the first column is aligned to the right."""
    widths = [max(map(len, column)) for column in zip_longest(*table, fillvalue="")]
    return [
        GAP.join(
            cell.ljust(width) if at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in table
    ]
