"""Show an exploration or a replay on the terminal: verdict, figures, counterexample as a table."""

from __future__ import annotations

from math import factorial
from pathlib import Path

from rich.table import Table

from booking.core.counterexample import Counterexample
from booking.core.verdict import Outcome
from booking.experiments.exploration import Proof
from booking.experiments.premises import premises_of_replay
from booking.experiments.replay import Replayed
from booking.report.advice import cure_of_exploration, how_to_replay
from booking.report.exploration_document import shortest_first
from booking.report.terminal.console import console, plain, show_line, show_verdict

CAVEATS_SHOWN_MAX = 5
TABLE_WIDTH = 400  # as wide as it needs to be; a cell is never folded
LABEL_WIDTH = 14
SERIAL_MAX = 170  # beyond it a factorial is too long to print


def show_proof(proof: Proof, saved: Path | None) -> None:
    """Print the verdict, how far the search went, and the counterexample."""
    exploration = proof.exploration
    show_verdict(exploration.outcome, [item.name for item in shortest_first(exploration)])
    for label, text in _rows(proof):
        show_line(label, text, LABEL_WIDTH)
    if proof.counterexample is None:
        return
    console().print()
    show_counterexample(proof.counterexample, several=len(exploration.findings) > 1)
    invalid = exploration.outcome is Outcome.INVALID
    if invalid and (cure := cure_of_exploration(proof)):
        show_line("cure", cure, LABEL_WIDTH)
    show_line("replay", how_to_replay(proof, saved), LABEL_WIDTH)


def show_counterexample(counterexample: Counterexample, *, several: bool = False) -> None:
    """Print the steps, a column for each buyer that takes one."""
    shortest = ", the shortest of all" if several else ""
    steps = len(counterexample.steps)
    console().print(f"  {steps} steps to {plain(counterexample.anomaly)}{shortest}:")
    console().print(_table(counterexample), width=TABLE_WIDTH, crop=False)
    console().print()
    if counterexample.message != counterexample.why:
        show_line("what", counterexample.message, LABEL_WIDTH)
    show_line("why", counterexample.why, LABEL_WIDTH)


def show_replayed(replayed: Replayed) -> None:
    """Print the counterexample, and how often it broke the sale in the same way."""
    out = console()
    show_counterexample(replayed.counterexample)
    each_ms = 1000 * replayed.elapsed_s / replayed.times
    good = replayed.same == replayed.times
    colour, sign = ("green", "✓") if good else ("yellow", "?")
    out.print()
    out.print(
        f"[bold {colour}]{sign} {replayed.same} of {replayed.times}[/] "
        f"the same in {len(replayed.counterexample.buyers)} real processes "
        f"[dim]({replayed.elapsed_s:.2f} s, {each_ms:.0f} ms each)[/]"
    )
    if replayed.difference:
        show_line("difference", replayed.difference, LABEL_WIDTH)
    show_line("rests on", "; ".join(premises_of_replay(replayed.counterexample)), LABEL_WIDTH)
    for anomaly in replayed.verdict.anomalies:
        show_line(anomaly.name, anomaly.message, LABEL_WIDTH)


def _table(counterexample: Counterexample) -> Table:
    buyers = sorted({step.buyer for step in counterexample.steps})
    table = Table(box=None, pad_edge=False, padding=(0, 2), show_edge=False)
    table.add_column("", justify="right", style="dim")
    for buyer in buyers:
        name = counterexample.buyers[buyer].name
        table.add_column(plain(name), header_style="bold", no_wrap=True)
    table.add_column("")
    last = len(counterexample.steps) - 1
    for at, step in enumerate(counterexample.steps):
        cells = [
            _cell(step.action, step.value, step.saw) if buyer == step.buyer else ""
            for buyer in buyers
        ]
        marks = ["← from here on no order is sound"] if at == counterexample.fatal else []
        marks += [f"✗ {counterexample.anomaly}"] if at == last else []
        style = "bold red" if at in {last, counterexample.fatal} else ""
        table.add_row(f"    {at + 1}", *map(plain, cells), plain("  ".join(marks)), style=style)
    return table


def _cell(action: str, value: int | None, saw: int | None) -> str:
    if action == "acquire":
        return "acquire" if saw else "acquire: gives up"
    if saw is not None:
        return f"{action} → {saw}"
    return action if value is None else f"{action} {value}"


def _rows(proof: Proof) -> list[tuple[str, str]]:
    """Return the figures of a search, each with its label."""
    exploration = proof.exploration
    rows = [
        ("sale", _sale(proof)),
        ("interleavings", _interleavings(proof)),
        ("explored", _explored(proof)),
        ("time", _time(proof)),
    ]
    if exploration.outcome is not Outcome.INVALID:
        rows.append(("why", proof.reason))
        rows.append(("rests on", "; ".join(proof.premises)))
    for number, caveat in enumerate(exploration.caveats[:CAVEATS_SHOWN_MAX]):
        rows.append(("in doubt" if number == 0 else "", str(caveat)))
    return rows


def _sale(proof: Proof) -> str:
    scenario = proof.scenario
    text = f"{len(proof.buyers)} buyers, {proof.tickets} tickets, store {scenario.store}, "
    return text + f"guard {scenario.guard}" + (f", lock {scenario.lock}" if scenario.lock else "")


def _interleavings(proof: Proof) -> str:
    exploration = proof.exploration
    if exploration.interleavings is None or exploration.violating is None:
        return "not counted, as the search was not complete"
    sound = exploration.interleavings - exploration.violating
    text = f"{exploration.interleavings:,}, of which {exploration.violating:,} break the sale"
    serial = factorial(min(len(proof.buyers), SERIAL_MAX))
    if exploration.violating and serial == sound:
        text += f"; only the {len(proof.buyers)}! = {sound:,} serial orders are sound"
    elif exploration.violating:
        text += f"; {sound:,} are sound"
    return text


def _explored(proof: Proof) -> str:
    exploration = proof.exploration
    text = "all of it" if exploration.complete else "not all of it"
    if exploration.bound == "first":
        text += ": stopped at the first anomaly (--first)"
    elif exploration.bound:
        text += f": --{exploration.bound} was reached; a larger one goes further"
    text += f"; {exploration.states:,} states, {exploration.executions:,} executions"
    if exploration.classes is not None:
        text += f", {exploration.classes:,} classes of interleavings"
    if exploration.rechecked:
        text += f"; {exploration.rechecked:,} states passed through by a second execution"
    return text


def _time(proof: Proof) -> str:
    exploration = proof.exploration
    text = f"{exploration.elapsed_s:.2f} s"
    if exploration.first_finding_s is not None:
        text += f"; the counterexample after {exploration.first_finding_s * 1000:.0f} ms"
    return text
