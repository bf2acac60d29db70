"""Show the exploration of a purchase function: verdict, figures, the steps, how each one ended."""

from __future__ import annotations

from rich.text import Text

from booking.core.wording import counted
from booking.experiments.behaviour import (
    RESTS_ON,
    BehaviourProof,
    BehaviourSpec,
    again,
    answer_of,
    step_lines,
)
from booking.report.terminal.layout import (
    Block,
    Command,
    Line,
    Part,
    fits,
    show_parts,
    show_verdict,
    table,
)

CAVEATS_SHOWN_MAX = 5
OUTCOMES_SHOWN_MAX = 5


def show_behaviour(proof: BehaviourProof, spec: BehaviourSpec) -> None:
    """Print a result, and the command that finds it again."""
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
        parts.append(Block(_steps(proof), title))
        parts += [Line(f"buyer {at}", answer_of(one)) for at, one in enumerate(proof.answers)]
    show_parts([*parts, Command("again", again(spec))])


def _figures(proof: BehaviourProof) -> str:
    orders = counted(proof.ends, "order")
    whole = "all" if proof.complete else "not all"
    whole += ", whatever the buyers' names" if proof.symmetric else ""
    return (
        f"{counted(proof.buyers, 'buyer')}, {counted(proof.tickets, 'ticket')}: {orders} of steps "
        f"({whole}), {proof.violating:,} unsound"
    )


def _steps(proof: BehaviourProof) -> list[Text]:
    """Return the steps as a table; where it is too wide, what was seen goes below its step."""
    rows = step_lines(proof)
    wide = table(rows, right=1)
    if fits(wide):
        return wide
    lines: list[Text] = []
    for number, buyer, text, saw, where in rows:
        lines.append(Text(f"  {number}  {buyer}  {text}"))
        lines += [Text(f"       {more}", "dim") for more in (saw, where) if more]
    return lines
