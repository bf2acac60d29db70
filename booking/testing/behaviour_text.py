"""The text of a failing `explore_behaviour`: verdict, steps with their lines, answers, the cure."""

from __future__ import annotations

import textwrap
from itertools import zip_longest

from booking.core.printable import printable
from booking.core.wording import counted
from booking.experiments.behaviours.exploration import (
    BehaviourProof,
    BehaviourSpec,
    again,
    answer_of,
    step_lines,
)
from booking.report.cures.table import cures_of
from booking.testing.race_text import LABEL_WIDTH, SIGNS, WIDTH

STEP_MAX = 300
CAVEATS_MAX = 3
CURES_MAX = 3


def behaviour_text(proof: BehaviourProof, spec: BehaviourSpec) -> str:
    """Return a result as text, no wider than a terminal; what is to be copied stays on one line."""
    lines = _verdict(proof)
    if proof.witness:
        whole = "shortest" if proof.complete else "shortest found"
        worst = next(iter(proof.anomalies))
        lines.append(f"  {counted(len(proof.witness), 'step')} to {worst}, the {whole}:")
        lines += [*_steps(proof), ""]
    if not proof.anomalies:
        lines += _labelled("why", proof.reason)
    for message in proof.anomalies.values():
        lines += _labelled("why", message)
    others = [caveat for caveat in proof.caveats if caveat != proof.reason]
    lines += [line for one in others[:CAVEATS_MAX] for line in _labelled("caveat", one)]
    if proof.witness:
        for at, one in enumerate(proof.answers):
            lines += _labelled(f"buyer {at}", answer_of(one))
    lines += _cures(proof)
    lines += [f"  {'again':<{LABEL_WIDTH}}{again(spec)}"]
    return "\n".join(map(printable, lines))


def _verdict(proof: BehaviourProof) -> list[str]:
    """Return the verdict and its figures; pytest writes the exception's name before the first."""
    orders = counted(proof.ends, "order")
    figures = f"{proof.violating:,} of {orders} unsound" if proof.violating else f"{orders} sound"
    whole = "complete" if proof.complete else "not complete"
    sale = f"{counted(proof.buyers, 'buyer')}, {counted(proof.tickets, 'ticket')}"
    names = ", ".join(proof.anomalies) or sale
    return [
        f"{SIGNS[proof.verdict]} {proof.verdict.upper()}  {names}",
        f"  {sale}: {figures}, {whole}" if proof.anomalies else f"  {figures}, {whole}",
        "",
    ]


def _steps(proof: BehaviourProof) -> list[str]:
    """Return the steps as a table; where it is too wide, lines below each step."""
    rows = [
        (number, buyer, textwrap.shorten(text, STEP_MAX, placeholder=" …"), saw, where)
        for number, buyer, text, saw, where in step_lines(proof)
    ]
    widths = [max(map(len, column)) for column in zip_longest(*rows)]
    table = [
        "  " + "  ".join(
            cell.ljust(width) if at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]  # fmt: skip
    if max(map(len, table)) <= WIDTH:
        return table
    lines: list[str] = []
    for number, buyer, text, saw, where in rows:
        lines += _filled(text, f"  {number:>{widths[0]}}  {buyer}  ", " " * 10)
        lines += _filled("  ".join(filter(None, (saw, where))), " " * 10, " " * 10)
    return lines


def _cures(proof: BehaviourProof) -> list[str]:
    """Return the best cures; what several are for stands once."""
    lines: list[str] = []
    before = ""
    for cure in cures_of(proof)[:CURES_MAX]:
        if cure.seen != before:
            lines += _labelled("seen", cure.seen)
        before = cure.seen
        lines += _labelled("cure", f"{cure.name}: {cure.remedy}" if cure.remedy else cure.name)
        lines += [f"    {line}" for line in cure.statement.splitlines()]
    return lines


def _labelled(label: str, text: str) -> list[str]:
    first = f"  {label:<{LABEL_WIDTH}}"
    return _filled(text, first, " " * len(first))


def _filled(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
