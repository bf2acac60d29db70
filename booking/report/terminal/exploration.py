"""Show an exploration or a replay on the terminal: verdict, figures, counterexample as a table."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial
from pathlib import Path

from rich.text import Text

from booking.core.counterexample import Counterexample
from booking.core.redaction import redacted
from booking.core.verdict import Outcome
from booking.core.wording import counted
from booking.experiments.exploration import Proof
from booking.experiments.premises import premises_of_replay
from booking.experiments.replay import Replayed
from booking.explorer.result import Finding
from booking.report.advice import (
    COUNTEREXAMPLE_FILE,
    STAFFED,
    cure_of_exploration,
    explore_again,
    replay_of,
)
from booking.report.exploration_document import shortest_first
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
SERIAL_MAX = 170  # beyond it a factorial is too long to print
LONG_NUMBER = 10**9  # beyond it a verdict shows the power of ten


def show_proof(
    proof: Proof,
    saved: Path | None,
    options: Sequence[str] = (),
    cure_options: Sequence[str] = (),
) -> None:
    """Print the verdict, how far the search went, the counterexample, and the commands.

    `options` are those of the search itself, which a command repeats; `cure_options` those of a
    search that must not end early.
    """
    exploration = proof.exploration
    names = [item.name for item in shortest_first(exploration)]
    show_verdict(exploration.outcome, names, _numbers(proof))
    parts: list[Part] = [Line(label, text) for label, text in _rows(proof)]
    if proof.counterexample is not None:
        several = len(exploration.findings) > 1
        parts += parts_of_counterexample(proof.counterexample, several=several)
    if exploration.outcome is Outcome.INVALID and (
        cure := cure_of_exploration(proof, cure_options)
    ):
        parts.append(Command("cure", cure.command, cure.purpose))
    show_parts([*parts, *_commands(proof, saved, options)])


def _commands(proof: Proof, saved: Path | None, options: Sequence[str]) -> list[Part]:
    """Return the command that explores again, and the one that replays the counterexample."""
    replayable = proof.counterexample is not None and not proof.staffed
    path = (saved or COUNTEREXAMPLE_FILE) if replayable else None
    parts: list[Part] = [Command("again", explore_again(proof, path=path, options=options))]
    if replayable:
        return [*parts, Command("replay", replay_of(proof, saved))]
    return [*parts, Line("replay", STAFFED)] if proof.counterexample is not None else parts


def parts_of_counterexample(counterexample: Counterexample, *, several: bool = False) -> list[Part]:
    """Return the table of the steps, and why they break the sale."""
    shortest = ", the shortest of all" if several else ""
    title = f"{counted(len(counterexample.steps), 'step')} to {counterexample.anomaly}{shortest}:"
    wide = _table(counterexample)
    steps = Block(wide if fits(wide) else _list(counterexample), title)
    return [steps, Line("why", counterexample.why)]


def show_replayed(replayed: Replayed, again: str) -> None:
    """Print how often a counterexample broke the sale in the same way, and its steps."""
    counterexample = replayed.counterexample
    good = replayed.same == replayed.times
    processes = counted(len(counterexample.buyers), "real process", "real processes")
    text = f"{replayed.same:,} of {replayed.times:,} the same in {processes}"
    outcome = Outcome.VALID if good else Outcome.UNKNOWN
    show_verdict(outcome, [counterexample.anomaly], text, "REPLAYED" if good else "UNKNOWN")
    each_ms = 1000 * replayed.elapsed_s / replayed.times
    parts: list[Part] = [Line("time", f"{replayed.elapsed_s:.2f} s, {each_ms:.0f} ms each")]
    if replayed.difference:
        parts.append(Line("expected", counterexample.message))
        parts.append(Line("difference", replayed.difference))
    parts += parts_of_counterexample(counterexample)
    parts += [Line(anomaly.name, anomaly.message) for anomaly in replayed.verdict.anomalies]
    parts.append(Line("rests on", "; ".join(premises_of_replay(counterexample))))
    show_parts([*parts, Command("again", again)])


def _table(counterexample: Counterexample) -> list[Text]:
    """Return the steps, a column for each buyer that takes one."""
    buyers = sorted({step.buyer for step in counterexample.steps})
    names = [counterexample.buyers[buyer].name for buyer in buyers]
    rows = [["", *names, ""]]
    for at, step in enumerate(counterexample.steps):
        cells = [
            _cell(step.action, step.value, step.saw) if buyer == step.buyer else ""
            for buyer in buyers
        ]
        rows.append([f"  {at + 1}", *cells, _mark(counterexample, at)])
    return table(rows, _styles(counterexample), right=1)


def _list(counterexample: Counterexample) -> list[Text]:
    """Return the steps, a line each: for a terminal without room for all columns."""
    rows = [["", "", "", ""]]
    for at, step in enumerate(counterexample.steps):
        name = counterexample.buyers[step.buyer].name
        cell = _cell(step.action, step.value, step.saw)
        rows.append([f"  {at + 1}", name, cell, _mark(counterexample, at)])
    return table(rows, _styles(counterexample), right=1)[1:]


def _mark(counterexample: Counterexample, at: int) -> str:
    """Return what is said beside a step."""
    marks = ["← from here on no order is sound"] if at == counterexample.fatal else []
    last = at == len(counterexample.steps) - 1
    return "  ".join([*marks, *([f"✗ {counterexample.anomaly}"] if last else [])])


def _styles(counterexample: Counterexample) -> list[str]:
    """Return the style of each line of a table, of its header first."""
    steps = len(counterexample.steps)
    bad = {steps - 1, counterexample.fatal}
    return ["bold", *("bold red" if at in bad else "" for at in range(steps))]


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
    rows += [(item.name, _steps(item)) for item in shortest_first(exploration)]
    if exploration.outcome is not Outcome.INVALID:
        rows.append(("why", proof.reason))
        rows.append(("rests on", "; ".join(proof.premises)))
    for number, caveat in enumerate(exploration.caveats[:CAVEATS_SHOWN_MAX]):
        rows.append(("in doubt" if number == 0 else "", str(caveat)))
    return rows


def _numbers(proof: Proof) -> str:
    """Return what the verdict is about: how many interleavings break the sale."""
    exploration = proof.exploration
    if exploration.interleavings is None or exploration.violating is None:
        return f"{exploration.states:,} states explored, not all of them"
    total = _short(exploration.interleavings)
    noun = "interleaving" if exploration.interleavings == 1 else "interleavings"
    if not exploration.violating:
        return f"{_short(exploration.interleavings)} of {total} {noun} sound"
    return f"{_short(exploration.violating)} of {total} {noun}"


def _short(number: int) -> str:
    """Return a number that fits into a sentence."""
    return f"{number:,}" if number < LONG_NUMBER else f"{number:.1e}".replace("e+", "e")


def _steps(finding: Finding) -> str:
    return f"{finding.message}, after {counted(len(finding.schedule), 'step')}"


def _sale(proof: Proof) -> str:
    scenario = proof.scenario
    who = f"{counted(len(proof.buyers), 'buyer')}, {counted(proof.tickets, 'ticket')}"
    text = f"{who}, guard {scenario.guard}"
    lock = f", lock {scenario.lock}" if scenario.lock else ""
    return f"{text}{lock}, store {redacted(scenario.store)}"


def _interleavings(proof: Proof) -> str:
    exploration = proof.exploration
    if exploration.interleavings is None or exploration.violating is None:
        return "not counted, as the search was not complete"
    sound = exploration.interleavings - exploration.violating
    breaks = "breaks" if exploration.violating == 1 else "break"
    text = f"{exploration.interleavings:,}, of which {exploration.violating:,} {breaks} the sale"
    serial = factorial(min(len(proof.buyers), SERIAL_MAX))
    if exploration.violating and serial == sound:
        orders = "serial order is" if sound == 1 else "serial orders are"
        text += f"; only the {len(proof.buyers)}! = {sound:,} {orders} sound"
    elif exploration.violating:
        text += f"; {sound:,} {'is' if sound == 1 else 'are'} sound"
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
