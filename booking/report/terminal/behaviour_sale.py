"""Show a sale with a purchase function in free processes on the terminal."""

from __future__ import annotations

from msgspec.structs import replace

from booking.core.verdict import Outcome
from booking.core.wording import counted
from booking.experiments.behaviours.exploration import again, answer_of
from booking.experiments.behaviours.sale import BehaviourSale, SaleSpec, sell_again
from booking.report.behaviour_sale_document import PREMISES
from booking.report.terminal.layout import Command, Line, Part, show_parts, show_verdict

PURCHASES_SHOWN_MAX = 10


def show_behaviour_sale(sale: BehaviourSale, spec: SaleSpec) -> None:
    """Print the verdict, the figures, the round that broke, and what explores all orders."""
    rounds, pressure = counted(sale.rounds, "round"), sale.pressure
    show_verdict(sale.verdict, list(sale.anomalies), f"{rounds}, {sale.violating_rounds} unsound")
    buyers = counted(spec.functions.buyers, "buyer")
    parts: list[Part] = [Line(name, message) for name, message in sale.anomalies.items()]
    if not sale.anomalies:
        parts.append(Line("why", sale.reason))
    answers = ", ".join(f"{number:,} {name}" for name, number in sorted(sale.answers.items()))
    parts += [
        Line("sale", f"{buyers}, {counted(sale.last.tickets, 'ticket')} each round"),
        Line("purchases", answers or "none"),
        Line("pressure", f"at best started within {pressure.released_within_ms:.2f} ms; up to "
             f"{pressure.overlap_max} at a time"),
        Line("time", f"{sale.elapsed_s:.2f} s"),
    ]  # fmt: skip
    if sale.anomalies:
        parts += _purchases(sale)
    explore = _explored(spec)
    parts.append(Line("rests on", PREMISES))
    parts.append(Command("again", sell_again(spec)))
    if sale.verdict is not Outcome.INVALID:
        parts.append(Command("prove", explore, "every order of two buyers"))
    else:
        parts.append(Command("shortest", explore, "the fewest statements that break it"))
    show_parts(parts)


def _explored(spec: SaleSpec) -> str:
    """Return the command that explores the same functions."""
    return again(replace(spec.functions, buyers=2))


def _purchases(sale: BehaviourSale) -> list[Part]:
    """Return the purchases of the round that broke, in the order of their beginning."""
    first_ns = sale.last.purchases[0].begun_ns
    lines: list[Part] = []
    for one in sale.last.purchases[:PURCHASES_SHOWN_MAX]:
        begun_ms = (one.begun_ns - first_ns) / 1e6
        span = f"{begun_ms:.2f}" if one.ended_ns is None else (
            f"{begun_ms:.2f} to {(one.ended_ns - first_ns) / 1e6:.2f} ms"
        )  # fmt: skip
        lines.append(Line(f"buyer {one.buyer}", f"{span}: {answer_of(one.bought)}"))
    return lines
