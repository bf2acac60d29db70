"""Show the exploration of a purchase function: verdict, figures, the steps, how each one ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from booking.core.wording import counted
from booking.experiments.behaviours.counterexample_file import replay_command
from booking.experiments.behaviours.exploration import (
    RESTS_ON,
    BehaviourProof,
    BehaviourSpec,
    again,
    answer_of,
    step_lines,
)
from booking.report.cures.table import cures_of
from booking.report.terminal.layout import (
    Block,
    Command,
    Line,
    Part,
    fits,
    shortened,
    show_parts,
    show_verdict,
    table,
)

CAVEATS_SHOWN_MAX = 5
OUTCOMES_SHOWN_MAX = 5
STEP_MAX = 200  # characters of a statement


def show_behaviour(proof: BehaviourProof, spec: BehaviourSpec, saved: Path | None) -> None:
    """Print a result, the command that finds it again, and the one that replays it."""
    show_verdict(proof.verdict, proof.anomalies, "" if proof.anomalies else _figures(proof))
    parts: list[Part] = [Line(name, message) for name, message in proof.anomalies.items()]
    parts.append(Line("searched", f"{_figures(proof)}, {proof.elapsed_s:.2f} s"))
    if not proof.anomalies:
        parts.append(Line("why", proof.reason))
    parts += [
        Line("ends", f"{counted(one.orders, 'order')}: {', '.join(map(answer_of, one.answers))}")
        for one in proof.outcomes[:OUTCOMES_SHOWN_MAX]
    ]
    parts.append(Line("rests on", RESTS_ON))
    others = [caveat for caveat in proof.caveats if caveat != proof.reason]
    parts += [Line("caveat", caveat) for caveat in others[:CAVEATS_SHOWN_MAX]]
    if proof.witness is not None:
        whole = "shortest" if proof.complete else "shortest found"
        title = (
            f"{counted(len(proof.witness), 'step')} to {next(iter(proof.anomalies))}, the {whole}:"
        )
        parts.append(Block(step_table(step_lines(proof)), title))
        parts += [Line(f"buyer {at}", answer_of(one)) for at, one in enumerate(proof.answers)]
        parts += _cures(proof)
    parts.append(Command("again", again(spec, saved)))
    if saved is not None:
        parts.append(Command("replay", replay_command(saved, spec.reset)))
    show_parts(parts)


def _cures(proof: BehaviourProof) -> list[Part]:
    """Return the cures, and above them what they are for; what several are for stands once."""
    parts: list[Part] = []
    before = ""
    for cure in cures_of(proof):
        if cure.seen != before:
            parts.append(Line("seen", cure.seen))
        before = cure.seen
        last = cure.statement
        what = f"{cure.name}: {cure.remedy}" if cure.remedy else cure.name
        parts.append(Command("cure", last, what) if last else Line("cure", what))
    return parts


def _figures(proof: BehaviourProof) -> str:
    orders = counted(proof.ends, "order")
    whole = "all" if proof.complete else "not all"
    whole += ", whatever the buyers' names" if proof.symmetric else ""
    return (
        f"{counted(proof.buyers, 'buyer')}, {counted(proof.tickets, 'ticket')}: {orders} of steps "
        f"({whole}), {proof.violating:,} unsound"
    )


def step_table(rows: Sequence[tuple[str, str, str, str, str]]) -> list[Text]:
    """Return the steps as a table; where it is too wide, what was seen goes below its step."""
    rows = [(*row[:2], shortened(row[2], STEP_MAX), *row[3:]) for row in rows]
    wide = table(rows, right=1)
    if fits(wide):
        return wide
    lines: list[Text] = []
    for number, buyer, text, saw, where in rows:
        lines.append(Text(f"  {number}  {buyer}  {text}"))
        lines += [Text(f"       {more}", "dim") for more in (saw, where) if more]
    return lines
