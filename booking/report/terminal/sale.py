"""For people: what a sale was, in a few lines that one likes to read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from booking.core.redaction import redacted
from booking.core.scenario import Expect, Scenario
from booking.core.verdict import Outcome
from booking.experiments.expectations import Trial, differences
from booking.experiments.sale import Sale
from booking.history.model import Event, SaleEnd
from booking.report.advice import cure, why

PLAIN_WIDTH = 100
LINE_WIDTH_MAX = 110
SIGNS = {Outcome.VALID: "✓", Outcome.INVALID: "✗", Outcome.UNKNOWN: "?"}
COLOURS = {Outcome.VALID: "green", Outcome.INVALID: "red", Outcome.UNKNOWN: "yellow"}
VERBS = {("search", "ok"): "searches", ("buy", "ok"): "buys", ("buy", "fail"): "gets nothing"}


@cache
def console() -> Console:
    """Return the console: plain text of one width when it is no terminal."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(width=width, highlight=False, soft_wrap=True)


def heading(text: str) -> None:
    """Print a line that stands above something."""
    console().print(f"\n[bold]{escape(text)}[/]")


def event_line(event: Event, at_ms: float) -> str:
    """Return one completed operation as a line."""
    verb = VERBS.get((event.f, event.type), event.f)
    if event.type == "ok":
        what = f"{event.value} left" if event.f == "search" else _numbers(event)
    else:
        what = (event.error or event.type).replace("-", " ")
    colour = {"ok": "", "fail": "dim", "info": "yellow"}[event.type]
    style = f"[{colour}]" if colour and event.f == "buy" else "[none]"
    return f"{style}{at_ms:8.1f} ms  buyer {event.process:<3} {verb:<13} {escape(what)}[/]"


def show_sale(sale: Sale, replay: str, expect: Expect | None) -> None:
    """Print the verdict, the numbers, why, the cure and the command that repeats it."""
    out, verdict = console(), sale.verdict
    names = ", ".join(anomaly.name for anomaly in verdict.anomalies)
    colour = COLOURS[verdict.outcome]
    out.print()
    out.print(f"[bold {colour}]{SIGNS[verdict.outcome]} {verdict.outcome.upper()}[/]  {names}")
    out.print()
    for label, text in _rows(sale):
        out.print(f"  [dim]{label:<10}[/]{escape(text)}")
    for label, advice in (("cure", cure(sale)), ("again", replay)):
        if advice:
            out.print(f"  [dim]{label:<10}[/]{escape(advice)}")
    if expect is not None:
        missed = differences(expect, sale)
        out.print(f"  [dim]{'expected':<10}[/]{escape('; '.join(missed) or 'yes, as it came')}")


def show_witness_file(path: Path, sale: Sale) -> None:
    """Print where a witness is and what to do with it; or that there was no race to write down."""
    if sale.verdict.outcome is Outcome.INVALID and path.exists():
        text = f"{path}; play it again: booking replay {path} --times 100"
    else:
        text = "no race in this order; try another --seed"
    console().print(f"  [dim]{'witness':<10}[/]{escape(text)}")


def show_start(path: Path, scenario: Scenario) -> None:
    """Print which scenario comes next."""
    console().print(f"[bold]{escape(str(path))}[/]  {escape(scenario.title)}")


def show_trial(trial: Trial) -> None:
    """Print how a scenario went, in a line or, where it was not as expected, a few."""
    sale = trial.sale
    good = not trial.differences
    sign = "[green]✓ as expected[/]" if good else "[red]✗ not as expected[/]"
    names = ", ".join(anomaly.name for anomaly in sale.verdict.anomalies)
    facts = f"{sale.verdict.outcome} {names}".strip()
    out = console()
    left = "?" if sale.remaining is None else sale.remaining
    out.print(
        f"  {sign}: {facts}; sold {sale.sold} of {sale.tickets}, {left} left"
        f" [dim]({trial.elapsed_s:.1f} s)[/]"
    )
    for difference in trial.differences:
        out.print(f"    {escape(difference)}")


def show_total(trials: Sequence[Trial]) -> None:
    """Print how many scenarios went as expected."""
    missed = sum(bool(trial.differences) for trial in trials)
    text = f"{len(trials)} scenarios, {missed} not as expected"
    console().print(f"\n[bold {'red' if missed else 'green'}]{text}[/]")


def show_catalogue(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print a table a kind: the names, their facts, what they are."""
    for kind, entries in found.items():
        facts = list(entries[0]["facts"]) if entries else []
        table = Table(
            title=kind, title_justify="left", title_style="bold", box=None, pad_edge=False
        )
        for column in ("name", *(fact.replace("_", " ") for fact in facts), "what it is"):
            table.add_column(column, header_style="dim", overflow="fold")
        for entry in entries:
            name = entry["name"] + (" *" if entry.get("default") else "")
            values = [_yes(entry["facts"].get(fact)) for fact in facts]
            table.add_row(name, *values, escape(entry["what"]))
        console().print(table)
        console().print()
    console().print("[dim]* the default of --lock[/]", markup=True)


def _rows(sale: Sale) -> list[tuple[str, str]]:
    """Return the numbers and the causes, each with its label."""
    scenario, end = sale.scenario, sale.history.end
    lock = f", lock {scenario.lock}" if scenario.lock else ""
    store = redacted(scenario.store)
    rows = [
        ("sale", f"{scenario.buyers} buyers, store {store}, guard {scenario.guard}{lock}"),
        ("tickets", _tickets(sale)),
        ("orders", _orders(sale)),
        ("time", _time(sale)),
        ("processes", _processes(end)),
    ]
    if sale.control is not None:
        rows.append(("control", _control(sale)))
    return rows + [("why" if not at else "", text) for at, text in enumerate(why(sale))]


def _tickets(sale: Sale) -> str:
    left = "count unreadable" if sale.remaining is None else f"{sale.remaining} left"
    numbers = (("oversold", sale.oversold), ("undersold", sale.undersold), ("lost", sale.lost))
    more = "".join(f", {number} {name}" for name, number in numbers if number)
    return f"{sale.tickets} for sale, {sale.sold} sold, {left}{more}"


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
    left = end.alive + end.zombies + end.orphans
    return ", ".join(parts) + (f", {left} LEFT OVER" if left else ", none left behind")


def _control(sale: Sale) -> str:
    control = sale.control
    if control is None:
        return ""
    unguarded = "all together" if sale.scenario.guard == "none" else "without the guard"
    text = f"{unguarded} the same sale is {control.verdict.outcome}: {control.sold} sold"
    if control.elapsed_s and sale.verdict.outcome is Outcome.VALID:
        times = sale.elapsed_s / control.elapsed_s
        text += f" in {control.elapsed_s:.3f} s; safety took {times:.1f} times as long"
    return text


def _numbers(event: Event) -> str:
    if not isinstance(event.value, int):
        return f"{event.quantity} tickets"
    if event.quantity == 1:
        return f"ticket {event.value}"
    return f"tickets {event.value - event.quantity + 1} to {event.value}"


def _yes(fact: Any) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return str(fact)
