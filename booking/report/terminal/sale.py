"""Show a sale on the terminal: verdict, figures, why, cure and the command that repeats it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from booking.core.command_line import counterexample_command
from booking.core.redaction import redacted
from booking.core.scenario import Expect, Scenario
from booking.core.verdict import Outcome
from booking.core.wording import counted
from booking.experiments.expectations import differences
from booking.experiments.sale import Sale
from booking.history.model import SaleEnd
from booking.report.advice import causes, cure, explained
from booking.report.terminal.console import console
from booking.report.terminal.layout import Command, Line, Part, show_parts, show_verdict


def show_sale(
    sale: Sale,
    command: Callable[[Scenario], str],
    expect: Expect | None = None,
    counterexample: Path | None = None,
) -> None:
    """Print the verdict, the figures, why, the cure and the command that repeats it.

    `command` returns the command that runs a scenario as this sale was run. `counterexample` is the
    file that was asked for.
    """
    console().print()
    names = [anomaly.name for anomaly in sale.verdict.anomalies]
    show_verdict(sale.verdict.outcome, names, _numbers(sale))
    parts: list[Part] = [Line(label, text) for label, text in _rows(sale)]
    if advice := cure(sale, command):
        parts.append(Command("cure", advice.command, advice.purpose))
    parts.append(Command("again", command(sale.repeatable)))
    if counterexample is not None:
        parts.append(_counterexample_file(counterexample, sale))
    if expect is not None:
        missed = differences(expect, sale)
        parts.append(Line("expected", "; ".join(missed) or "yes, as it came"))
    show_parts(parts)


def show_pair(bare: Sale, guarded: Sale, *, shown: bool) -> None:
    """Print what a sale without a lock and one with a lock show together."""
    console().print()
    numbers = f"without the lock {_sold(bare)}, with it {_sold(guarded)}"
    outcome, word = (Outcome.VALID, "SHOWN") if shown else (Outcome.UNKNOWN, "NOT SHOWN")
    show_verdict(outcome, [], numbers, word)
    prove = "booking explore --buyers 3 --lock"
    show_parts([Command("next", prove, "prove the lock: every interleaving of three buyers")])


def _counterexample_file(path: Path, sale: Sale) -> Part:
    """Return how to replay a counterexample; or that the sale did not race."""
    if sale.verdict.outcome is Outcome.INVALID and path.exists():
        return Command("replay", counterexample_command(sale.scenario, path))
    return Line("replay", "no race in this order; try another --seed")


def _numbers(sale: Sale) -> str:
    """Return what the verdict is about: tickets sold, those there were, and those left."""
    return f"{_sold(sale)}, {_left(sale)}"


def _sold(sale: Sale) -> str:
    return f"{sale.sold:,} of {counted(sale.tickets, 'ticket')} sold"


def _rows(sale: Sale) -> list[tuple[str, str]]:
    """Return the figures and the causes, each with its label."""
    scenario, end = sale.scenario, sale.history.end
    lock = f", lock {scenario.lock}" if scenario.lock else ""
    store = redacted(scenario.store)
    rows = [
        (
            "sale",
            f"{counted(scenario.buyers, 'buyer')}, guard {scenario.guard}{lock}, store {store}",
        ),
        ("tickets", _tickets(sale)),
        ("orders", _orders(sale)),
        ("time", _time(sale)),
        ("processes", _processes(end)),
    ]
    if sale.control is not None:
        rows.append(("control", _control(sale, sale.control)))
    rows += [
        (anomaly.name, anomaly.message)
        for anomaly in sale.verdict.anomalies
        if anomaly.name not in explained(sale)
    ]
    rows += [("why" if not at else "", text) for at, text in enumerate(causes(sale))]
    if sale.verdict.outcome is not Outcome.INVALID:
        rows.append(("rests on", "; ".join(sale.premises)))
    return rows


def _left(sale: Sale) -> str:
    return "count unreadable" if sale.remaining is None else f"{sale.remaining} left"


def _tickets(sale: Sale) -> str:
    numbers = (("oversold", sale.oversold), ("undersold", sale.undersold), ("lost", sale.lost))
    more = "".join(f", {number} {name}" for name, number in numbers if number)
    return f"{sale.tickets} for sale, {sale.sold} sold, {_left(sale)}{more}"


def _orders(sale: Sale) -> str:
    counts = {kind: len(sale.completions(kind)) for kind in ("ok", "fail", "info")}
    anew = f"; {sale.retries} begun anew" if sale.retries else ""
    return f"{counts['ok']} sold, {counts['fail']} refused, {counts['info']} unknown{anew}"


def _time(sale: Sale) -> str:
    end = sale.history.end
    start_s = max(0, end.opened_ns - end.started_ns) / 1e9
    text = f"{sale.elapsed_s:.3f} s, {sale.sales_per_s:.0f} tickets/s"
    return text if sale.scenario.arrival == "serial" else f"{text}; starting took {start_s:.3f} s"


def _processes(end: SaleEnd) -> str:
    parts = [f"{end.started} started"]
    parts += [f"{len(end.deaths)} died"] if end.deaths else []
    parts += [f"{len(end.hung)} hung"] if end.hung else []
    parts += [f"{len(end.closed)} ended by the harness"] if end.closed else []
    parts += [f"{len(end.unlogged)} without a whole event log"] if end.unlogged else []
    left = end.alive + end.zombies + end.orphans
    return ", ".join(parts) + (f", {left} LEFT OVER" if left else ", none left behind")


def _control(sale: Sale, control: Sale) -> str:
    unguarded = "all together" if sale.scenario.guard == "none" else "without the guard"
    text = f"{unguarded} the same sale is {control.verdict.outcome}: {control.sold} sold"
    if control.elapsed_s and sale.verdict.outcome is Outcome.VALID:
        times = sale.elapsed_s / control.elapsed_s
        text += f" in {control.elapsed_s:.3f} s; safety took {times:.1f} times as long"
    return text
