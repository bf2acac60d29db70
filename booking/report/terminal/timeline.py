"""Draw a certificate as a time diagram: a row for each buyer, overlaps, and the count it needs."""

from __future__ import annotations

from itertools import combinations
from math import inf

from booking.checker.certificate import Certificate
from booking.checker.diagnosis.messages import buyer, explanation, listed, ticket_of
from booking.checker.operations import Op
from booking.core.printable import printable
from booking.report.terminal.wrapping import cells, columns_of, padded, prose_columns, wrapped

WIDTH = 40  # of the bars at most; names and deeds have the other half of the terminal
WIDTH_MIN = 8
NAME_MAX = 24
DID_MAX = 24
ROWS_MAX = 20
OVERLAPS_MAX = 6
GAPS = "  " * 3  # before the name, the bars and the deeds


def timeline(proof: Certificate, tickets: int) -> list[str]:
    """Return the lines of a diagram. Distances show the order of events, not durations."""
    shown, left_out = _shown(proof)
    label_width = max(map(cells, ["the count", *map(_name, shown)]))
    screen = prose_columns(columns_of())
    columns, width = _columns(shown, screen - label_width - DID_MAX - len(GAPS) - 1)
    lines: list[str] = []
    rows: dict[str, list[Op]] = {}
    for op in shown:
        rows.setdefault(_name(op), []).append(op)
    for name, ops in rows.items():
        bar = [" "] * (width + 1)
        for op in ops:
            _draw(bar, columns[op.invoked], columns[op.returned], open_end=op.returned == inf)
        lines.append(printable(f"  {padded(name, label_width)}  {''.join(bar)}  {_did_all(ops)}"))
    if left_out:
        lines.append(f"  … and {left_out} more operations")
    if needed := _needed(proof, columns, width):
        lines.append(f"  {'the count':<{label_width}}  {needed}")
    below = (_overlaps(shown), explanation(proof, tickets))
    for line in filter(None, below):
        lines += wrapped(printable(line), screen, "  ")
    return lines


def _shown(proof: Certificate) -> tuple[list[Op], int]:
    """Return the operations to draw, in the order of their invocations, and how many are not.

    The two observations are always drawn.
    """
    ops = [op for op in (proof.before, proof.after, *proof.members) if op is not None]
    different = list({(op.what, op.index): op for op in ops}.values())
    drawn = sorted(different[:ROWS_MAX], key=lambda op: (op.invoked, op.returned))
    return drawn, len(different) - len(drawn)


def _name(op: Op) -> str:
    """Return what a row is called; a long name is cut."""
    name = "the end" if op.what == "end" else printable(buyer(op.process))
    return name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1]}…"


def _columns(shown: list[Op], room: int) -> tuple[dict[float, int], int]:
    """Return the column of each moment, and the width of all; the end of time is the last one."""
    width = max(WIDTH_MIN, min(WIDTH, room))
    moments = sorted({op.invoked for op in shown} | {op.returned for op in shown})
    gap = max(1, min(10, width // max(1, len(moments) - 1)))
    return {moment: at * gap for at, moment in enumerate(moments)}, gap * (len(moments) - 1)


def _draw(bar: list[str], first: int, last: int, *, open_end: bool) -> None:
    for at in range(first, last + 1):
        bar[at] = "─"
    bar[first] = "├" if last > first else "│"
    if last > first:
        bar[last] = "▷" if open_end else "┤"


def _did_all(ops: list[Op]) -> str:
    """Return what a buyer did, shortened where it did too much for a line."""
    did = "; ".join(map(_did, ops))
    return did if len(did) <= DID_MAX else did[: DID_MAX - 1] + "…"


def _did(op: Op) -> str:
    if op.quantity and op.what != "maybe":
        return _moved(op)
    if op.what == "maybe":
        return f"may have bought {op.quantity}"
    if op.what == "sold-out":
        return "is told: sold out"
    seen = str(op.low) if op.recorded is None else f"{op.recorded} sold"
    left = f"{op.low} left" if op.recorded is None else seen
    return f"sees {seen}" if op.what == "search" else left


def _moved(op: Op) -> str:
    """Return what was bought or given back."""
    what = str(op.quantity) if op.seat is None else f"seat {op.seat}"
    if op.gives_back:
        return f"{'gives' if op.what == 'refund' else 'may have given'} {what} back"
    return f"buys {what}" if op.high is None else f"buys ticket {ticket_of(op)}"


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
    elif proof.kind == "out of range" and a is not None:
        marks.append((columns[a.invoked], "cannot be that"))
    text = ""
    for at, mark in marks:
        text = text.ljust(at) if len(text) <= at else text + " "
        text += mark
    return text


def _overlaps(shown: list[Op]) -> str:
    pairs = [
        f"{buyer(x.process)} with {buyer(y.process)}"
        for x, y in combinations([x for x in shown if x.what != "end"], 2)
        if x.process != y.process and x.invoked <= y.returned and y.invoked <= x.returned
    ]
    return f"overlapping: {listed(pairs, OVERLAPS_MAX)}" if pairs else "no operations overlap"
