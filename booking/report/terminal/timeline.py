"""Draw a certificate as a time diagram: a row for each buyer, overlaps, and the count it needs."""

from __future__ import annotations

from itertools import combinations
from math import inf

from booking.checker.certificate import Certificate
from booking.checker.messages import buyer, explanation, listed
from booking.checker.operations import Op

WIDTH = 60
ROWS_MAX = 20
OVERLAPS_MAX = 6


def timeline(proof: Certificate, tickets: int) -> list[str]:
    """Return the lines of a diagram. Distances show the order of events, not durations."""
    shown = _shown(proof)
    columns, width = _columns(shown)
    label_width = max([len(buyer(op.process)) for op in shown] + [len("the count")])
    lines: list[str] = []
    rows: dict[int | str, list[Op]] = {}
    for op in shown:
        rows.setdefault("the end" if op.what == "end" else buyer(op.process), []).append(op)
    for name, ops in list(rows.items())[:ROWS_MAX]:
        bar = [" "] * (width + 1)
        for op in ops:
            _draw(bar, columns[op.invoked], columns[op.returned], open_end=op.returned == inf)
        lines.append(f"  {name:<{label_width}}  {''.join(bar)}  {'; '.join(map(_did, ops))}")
    if len(rows) > ROWS_MAX:
        lines.append(f"  … and {len(rows) - ROWS_MAX} more buyers")
    lines.append(f"  {'the count':<{label_width}}  {_needed(proof, columns, width)}")
    below = (_overlaps(shown), explanation(proof, tickets))
    lines += [f"  {line}" for line in below if line]
    return lines


def _shown(proof: Certificate) -> list[Op]:
    """Return the operations of a certificate, each once, in the order of their invocations."""
    ops = [op for op in (proof.before, *proof.members, proof.after) if op is not None]
    different = {(op.what, op.index): op for op in ops}
    return sorted(different.values(), key=lambda op: (op.invoked, op.returned))


def _columns(shown: list[Op]) -> tuple[dict[float, int], int]:
    """Return the column of each moment; the end of time is the last one."""
    moments = sorted({op.invoked for op in shown} | {op.returned for op in shown})
    gap = max(2, min(10, WIDTH // max(1, len(moments) - 1)))
    return {moment: at * gap for at, moment in enumerate(moments)}, gap * (len(moments) - 1)


def _draw(bar: list[str], first: int, last: int, *, open_end: bool) -> None:
    for at in range(first, last + 1):
        bar[at] = "─"
    bar[first] = "├" if last > first else "│"
    if last > first:
        bar[last] = "▷" if open_end else "┤"


def _did(op: Op) -> str:
    if op.seat is not None:
        return f"gives {op.seat} back" if op.gives_back else f"buys {op.seat}"
    if op.what == "buy":
        return f"buys ticket {op.high}" if op.high is not None else f"buys {op.quantity}"
    if op.what == "maybe":
        return f"may have bought {op.quantity}"
    if op.gives_back:
        return f"gives {op.quantity} back" if op.what == "refund" else "may have given back"
    if op.what == "sold-out":
        return "is told: sold out"
    return f"sees {op.low}" if op.what == "search" else f"{op.low} left"


def _needed(proof: Certificate, columns: dict[float, int], width: int) -> str:
    """Return the bounds on the count, each below the moment at which it must hold."""
    a, b = proof.before, proof.after
    marks: list[tuple[int, str]] = []
    if proof.kind in {"starved", "too low"}:
        marks.append((columns[a.invoked] if a else 0, f"≥{proof.high}"))
        marks.append((columns[b.returned] if b else width, f"≤{proof.low}"))
    elif proof.kind in {"overfull", "too high"}:
        marks.append((columns[a.returned] if a else 0, f"≤{proof.high}"))
        marks.append((columns[b.invoked] if b else width, f"≥{proof.low}"))
    elif proof.kind == "rose" and a is not None and b is not None:
        marks.append((columns[a.returned], f"≤{a.left_at_most}"))
        marks.append((columns[b.invoked], f"≥{b.left_at_least}"))
    elif proof.kind == "no order":
        marks.append((columns[a.returned] if a else 0, f"={proof.high}"))
    elif a is not None:
        marks.append((columns[a.invoked], "cannot be that"))
    text = ""
    for at, mark in marks:
        text = text.ljust(at) if len(text) <= at else text + " "
        text += mark
    return text


def _overlaps(shown: list[Op]) -> str:
    pairs = [
        f"{buyer(x.process)} with {buyer(y.process)}"
        for x, y in combinations([x for x in shown if x.what != "end"][:ROWS_MAX], 2)
        if x.process != y.process and x.invoked <= y.returned and y.invoked <= x.returned
    ]
    return f"overlapping: {listed(pairs, OVERLAPS_MAX)}" if pairs else "no operations overlap"
