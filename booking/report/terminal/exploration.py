"""An exploration for people and scripts: the verdict, the numbers, the witness as a table."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from booking.core.command_line import explore_command
from booking.core.counterexample import Counterexample, plain
from booking.core.verdict import AnomalyName, Outcome
from booking.experiments.exploration import Proof
from booking.experiments.replay import Replayed
from booking.explorer.result import Exploration, Finding
from booking.report.advice import guarding
from booking.report.terminal.sale import COLOURS, SIGNS, console

CAVEATS_SHOWN_MAX = 5
TABLE_WIDTH = 400  # as wide as it needs to be; a cell is never folded
SERIAL_MAX = 170  # a longer factorial tells a reader nothing


def proof_document(proof: Proof, saved: Path | None) -> dict[str, Any]:
    """Return everything about an exploration; fields may be added, none renamed."""
    found, witness = proof.exploration, proof.counterexample
    return {
        "verdict": found.outcome,
        "reason": proof.reason,
        "complete": found.complete,
        "bound": found.bound,
        "method": found.method,
        "executions": found.executions,
        "states": found.states,
        "states_executed_again": found.rechecked,
        "classes": found.classes,
        "interleavings": found.interleavings,
        "violating": found.violating,
        "anomalies": [
            {"name": finding.name, "message": finding.message, "steps": len(finding.schedule)}
            for finding in by_length(found)
        ],
        "doubts": [{"what": caveat.what, "where": caveat.where} for caveat in found.caveats],
        "witness": None if witness is None else plain(witness),
        "witness_steps": None if witness is None else len(witness.steps),
        "witness_s": found.first_finding_s,
        "elapsed_s": found.elapsed_s,
        "store": proof.scenario.store,
        "guard": proof.scenario.guard,
        "lock": proof.scenario.lock,
        "tickets": proof.tickets,
        "buyers": len(proof.buyers),
        "replay": None if witness is None else replay_words(proof, saved),
    }


def by_length(found: Exploration) -> list[Finding]:
    """Return what was found, the shortest first."""
    return sorted(found.findings.values(), key=lambda one: len(one.schedule))


def show_proof(proof: Proof, saved: Path | None) -> None:
    """Print the verdict, how far the search went, and the witness."""
    out, found = console(), proof.exploration
    outcome = found.outcome
    names = ", ".join(finding.name for finding in by_length(found))
    out.print(f"[bold {COLOURS[outcome]}]{SIGNS[outcome]} {outcome.upper()}[/]  {names}")
    out.print()
    for label, text in _rows(proof):
        out.print(f"  [dim]{label:<14}[/]{escape(text)}")
    if proof.counterexample is None:
        return
    out.print()
    show_counterexample(proof.counterexample, several=len(found.findings) > 1)
    cure = _cure(proof)
    for label, text in (("cure", cure), ("replay", replay_words(proof, saved))):
        if text:
            out.print(f"  [dim]{label:<14}[/]{escape(text)}")


def show_counterexample(witness: Counterexample, *, several: bool = False) -> None:
    """Print the steps, a column for each buyer that takes one."""
    out = console()
    there = sorted({step.buyer for step in witness.steps})
    shortest = ", the shortest of all" if several else ""
    out.print(f"  {len(witness.steps)} steps to {witness.anomaly}{shortest}:")
    table = Table(box=None, pad_edge=False, padding=(0, 2), show_edge=False)
    table.add_column("", justify="right", style="dim")
    for number in there:
        table.add_column(escape(witness.buyers[number].name), header_style="bold", no_wrap=True)
    table.add_column("")
    last = len(witness.steps) - 1
    for at, step in enumerate(witness.steps):
        cells = [
            _cell(step.action, step.value, step.saw) if one == step.buyer else "" for one in there
        ]
        marks = ["← from here on no order is sound"] if at == witness.fatal else []
        marks += [f"✗ {witness.anomaly}"] if at == last else []
        style = "bold red" if at in {last, witness.fatal} else ""
        table.add_row(f"    {at + 1}", *map(escape, cells), escape("  ".join(marks)), style=style)
    out.print(table, width=TABLE_WIDTH, crop=False)
    out.print()
    if witness.message != witness.why:
        out.print(f"  [dim]{'what':<14}[/]{escape(witness.message)}")
    out.print(f"  [dim]{'why':<14}[/]{escape(witness.why)}")


def replay_words(proof: Proof, saved: Path | None) -> str:
    """Return the command that plays the witness out in real processes."""
    if proof.staffed:
        return "a sale with a clerk is explored, not replayed"
    if saved is not None:
        return shlex.join(["booking", "replay", str(saved), "--times", "100"])
    path = Path("witness.json")
    return f"{_explore_again(proof, path)}; booking replay {path} --times 100"


def _explore_again(proof: Proof, counterexample: Path | None = None, **changes: Any) -> str:
    """Return the command of an exploration, or of one with some things changed."""
    quantities = [buyer.quantity for buyer in proof.buyers]
    return explore_command(proof.scenario.but(**changes), quantities, proof.tickets, counterexample)


def _rows(proof: Proof) -> list[tuple[str, str]]:
    found = proof.exploration
    rows = [
        ("sale", _sale(proof)),
        ("interleavings", _interleavings(proof)),
        ("explored", _explored(proof)),
        ("time", _time(proof)),
    ]
    if found.outcome is not Outcome.INVALID:
        rows.append(("why", proof.reason))
    for number, caveat in enumerate(found.caveats[:CAVEATS_SHOWN_MAX]):
        rows.append(("in doubt" if number == 0 else "", str(caveat)))
    return rows


def _sale(proof: Proof) -> str:
    scenario = proof.scenario
    text = f"{len(proof.buyers)} buyers, {proof.tickets} tickets, store {scenario.store}, "
    return text + f"guard {scenario.guard}" + (f", lock {scenario.lock}" if scenario.lock else "")


def _interleavings(proof: Proof) -> str:
    found = proof.exploration
    if found.interleavings is None or found.violating is None:
        return "not counted, as the search was not complete"
    sound = found.interleavings - found.violating
    text = f"{found.interleavings:,}, of which {found.violating:,} break the sale"
    serial = _factorial(len(proof.buyers))
    if found.violating and serial == sound:
        text += f"; only the {len(proof.buyers)}! = {sound:,} serial orders are sound"
    elif found.violating:
        text += f"; {sound:,} are sound"
    return text


def _factorial(number: int) -> int:
    product = 1
    for factor in range(2, min(number, SERIAL_MAX) + 1):
        product *= factor
    return product


def _explored(proof: Proof) -> str:
    found = proof.exploration
    text = "all of it" if found.complete else "not all of it"
    if found.bound == "first":
        text += ": stopped at the first anomaly (--first)"
    elif found.bound:
        text += f": --{found.bound} was reached; a larger one goes further"
    text += f"; {found.states:,} states, {found.executions:,} executions"
    if found.classes is not None:
        text += f", {found.classes:,} classes of interleavings"
    if found.rechecked:
        text += f"; {found.rechecked:,} states passed through by a second execution"
    return text


def _time(proof: Proof) -> str:
    found = proof.exploration
    text = f"{found.elapsed_s:.2f} s"
    if found.first_finding_s is not None:
        text += f"; the witness after {found.first_finding_s * 1000:.0f} ms"
    return text


def _cell(action: str, value: int | None, saw: int | None) -> str:
    if action == "acquire":
        return "acquire" if saw else "acquire: gives up"
    if saw is not None:
        return f"{action} → {saw}"
    return action if value is None else f"{action} {value}"


def _cure(proof: Proof) -> str:
    scenario, found = proof.scenario, proof.exploration
    if set(found.findings) == {AnomalyName.TORN_READ}:
        return f"replace the file whole: {_explore_again(proof, store='json')}"
    if scenario.store == "memory":
        return "keep the count where all can see it: " + _explore_again(proof, store="json")
    if scenario.guard == "none":
        what, changes = guarding(scenario.store)
        return f"{what}: {_explore_again(proof, **changes)}"
    return ""


def replayed_document(played: Replayed) -> dict[str, Any]:
    """Return everything about a replay."""
    return {
        "verdict": played.outcome,
        "times": played.times,
        "same": played.same,
        "difference": played.difference,
        "anomalies": [
            {"name": anomaly.name, "message": anomaly.message}
            for anomaly in played.verdict.anomalies
        ],
        "witness": plain(played.counterexample),
        "elapsed_s": played.elapsed_s,
    }


def show_replayed(played: Replayed) -> None:
    """Print the witness, and how often it came out the same."""
    out = console()
    show_counterexample(played.counterexample)
    each_ms = 1000 * played.elapsed_s / played.times
    good = played.same == played.times
    colour, sign = ("green", "✓") if good else ("yellow", "?")
    out.print()
    out.print(
        f"[bold {colour}]{sign} {played.same} of {played.times}[/] "
        f"the same in {len(played.counterexample.buyers)} real processes "
        f"[dim]({played.elapsed_s:.2f} s, {each_ms:.0f} ms each)[/]"
    )
    if played.difference:
        out.print(f"  [dim]{'difference':<14}[/]{escape(played.difference)}")
    for anomaly in played.verdict.anomalies:
        out.print(f"  [dim]{anomaly.name:<14}[/]{escape(anomaly.message)}")
