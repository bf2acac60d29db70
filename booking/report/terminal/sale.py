"""Show a sale on the terminal: verdict, figures, causes, cure and the command that repeats it."""

from __future__ import annotations

from pathlib import Path

from booking.core.command_line import counterexample_command
from booking.core.redaction import redacted
from booking.core.scenario import Expect
from booking.core.verdict import Outcome
from booking.experiments.expectations import differences
from booking.experiments.sale import Sale
from booking.history.model import Event, SaleEnd
from booking.report.advice import causes, cure
from booking.report.terminal.console import console, plain, show_line, show_verdict
from booking.report.terminal.store import tickets

VERBS = {("search", "ok"): "searches", ("buy", "ok"): "buys", ("buy", "fail"): "gets nothing"}
STYLES = {"ok": "none", "fail": "dim", "info": "yellow"}


def show_event(event: Event, at_ms: float) -> None:
    """Print a completed operation; `at_ms` counts from the opening of the gate."""
    verb = VERBS.get((event.f, event.type), event.f)
    if event.type != "ok":
        what = (event.error or event.type).replace("-", " ")
    elif event.f == "search":
        what = f"{event.value} left"
    else:
        what = tickets(event.value, event.quantity)
    style = STYLES[event.type] if event.f == "buy" else "none"
    line = f"{at_ms:8.1f} ms  buyer {event.process:<3} {verb:<13} {what}"
    console().print(f"[{style}]{plain(line)}[/]")


def show_sale(sale: Sale, replay: str, expect: Expect | None) -> None:
    """Print the verdict, the figures, the causes, the cure and the command that repeats it."""
    console().print()
    show_verdict(sale.verdict.outcome, [anomaly.name for anomaly in sale.verdict.anomalies])
    for label, text in _rows(sale):
        show_line(label, text)
    if sale.verdict.outcome is not Outcome.INVALID:
        show_line("rests on", "; ".join(sale.premises))
    if advice := cure(sale):
        show_line("cure", advice)
    if replay:
        show_line("again", replay)
    if expect is not None:
        missed = differences(expect, sale)
        show_line("expected", "; ".join(missed) or "yes, as it came")


def show_counterexample_file(path: Path, sale: Sale) -> None:
    """Print where a counterexample is and how to replay it; or that the sale did not race."""
    if sale.verdict.outcome is Outcome.INVALID and path.exists():
        text = f"{path}; replay it: {counterexample_command(sale.scenario, path)}"
    else:
        text = "no race in this order; try another --seed"
    show_line("witness", text)


def _rows(sale: Sale) -> list[tuple[str, str]]:
    """Return the figures and the causes, each with its label."""
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
        rows.append(("control", _control(sale, sale.control)))
    return rows + [("why" if not at else "", text) for at, text in enumerate(causes(sale))]


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
