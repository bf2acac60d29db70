"""A certificate as a small time diagram: one row a buyer, who overlapped whom, what had to be."""

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
    """Draw a certificate. Distances show the order of events, not durations."""
    shown = _shown(proof)
    columns, width = _columns(shown)
    who = max([len(buyer(x.process)) for x in shown] + [len("the count")])
    lines: list[str] = []
    rows: dict[int | str, list[Op]] = {}
    for x in shown:
        rows.setdefault("the end" if x.what == "end" else buyer(x.process), []).append(x)
    for name, mine in list(rows.items())[:ROWS_MAX]:
        bar = [" "] * (width + 1)
        for x in mine:
            _draw(bar, columns[x.invoked], columns[x.returned], open_end=x.returned == inf)
        lines.append(f"  {name:<{who}}  {''.join(bar)}  {'; '.join(_did(x) for x in mine)}")
    if len(rows) > ROWS_MAX:
        lines.append(f"  … and {len(rows) - ROWS_MAX} more buyers")
    lines.append(f"  {'the count':<{who}}  {_needed(proof, columns, width)}")
    lines += [f"  {one}" for one in (_overlaps(shown), explanation(proof, tickets)) if one]
    return lines


def _shown(proof: Certificate) -> list[Op]:
    found = [x for x in (proof.before, *proof.members, proof.after) if x is not None]
    different = {(x.what, x.index): x for x in found}
    return sorted(different.values(), key=lambda x: (x.invoked, x.returned))


def _columns(shown: list[Op]) -> tuple[dict[float, int], int]:
    """Return the column of each moment; the end of time is the last one."""
    moments = sorted({x.invoked for x in shown} | {x.returned for x in shown})
    gap = max(2, min(10, WIDTH // max(1, len(moments) - 1)))
    return {moment: at * gap for at, moment in enumerate(moments)}, gap * (len(moments) - 1)


def _draw(bar: list[str], first: int, last: int, *, open_end: bool) -> None:
    for at in range(first, last + 1):
        bar[at] = "─"
    bar[first] = "├" if last > first else "│"
    if last > first:
        bar[last] = "▷" if open_end else "┤"


def _did(x: Op) -> str:
    if x.what == "buy":
        return f"buys ticket {x.high}" if x.high is not None else f"buys {x.quantity}"
    if x.what == "maybe":
        return f"may have bought {x.quantity}"
    if x.what == "sold-out":
        return "is told: sold out"
    return f"sees {x.low}" if x.what == "search" else f"{x.low} left"


def _needed(proof: Certificate, columns: dict[float, int], width: int) -> str:
    """Write under the moments what the count must have been there."""
    a, b = proof.before, proof.after
    marks: list[tuple[int, str]] = []
    if proof.kind == "starved":
        marks.append((columns[a.invoked] if a else 0, f"≥{proof.high}"))
        marks.append((columns[b.returned] if b else width, f"≤{proof.low}"))
    elif proof.kind == "overfull":
        marks.append((columns[a.returned] if a else 0, f"≤{proof.high}"))
        marks.append((columns[b.invoked] if b else width, f"≥{proof.low}"))
    elif proof.kind == "rose" and a is not None and b is not None:
        marks.append((columns[a.returned], f"≤{a.left_at_most}"))
        marks.append((columns[b.invoked], f"≥{b.left_at_least}"))
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
