"""The text of a race test's assertion: the verdict, the steps as a table, why, and the cure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Sequence

from booking.core.assembly import Assembly
from booking.core.counterexample import Counterexample
from booking.core.printable import printable
from booking.core.verdict import AnomalyName, Outcome
from booking.experiments.exploration import Proof
from booking.report.advice import causes, change_of, explained
from booking.report.exploration_document import shortest_first
from booking.report.step_table import step_table
from booking.testing.pressure import Pressed
from booking.testing.race_call import RaceCall

WIDTH = 72  # of a terminal's 80 columns, pytest takes 8
LABEL_WIDTH = 10
CAUSES_MAX = 2
SIGNS = {Outcome.VALID: "✓", Outcome.INVALID: "✗", Outcome.UNKNOWN: "?"}
# A reason names the flags of the command line; a test has options of the same names.
_FLAG = re.compile(r"--(no-)?(buyers|tickets|delay|seed|control|max-states|max-seconds)\b")
Row = tuple[str, str]


def pressure_text(pressed: Pressed, call: RaceCall) -> str:
    """Return the text of sales of real processes; `call` is the test's own."""
    sale, verdict = pressed.sale, pressed.verdict
    names = [anomaly.name for anomaly in verdict.anomalies]
    buyers = _plural(sale.scenario.buyers, "buyer")
    figures = f"{sale.sold} of {_plural(sale.tickets, 'ticket')} sold to {buyers}"
    order = f"schedule {sale.schedule}" if sale.schedule else "buyers as they came"
    counterexample = pressed.counterexample
    why = _why(pressed)
    rows = [("why", text) for text in why[:CAUSES_MAX]]
    shown = f"in real processes, sale {pressed.sales}: {order}, seed {pressed.seed}"
    if verdict.outcome is Outcome.INVALID and not sale.schedule:
        shown += "; it may go otherwise the next time"
    rows.append(("shown", shown))
    if verdict.outcome is Outcome.VALID:
        rows.append(("rests on", "; ".join(sale.premises)))
    rows += _cure(sale.assembly, verdict.outcome, names, call, "sound")
    return _text(verdict.outcome, names, figures, counterexample, rows)


def _why(pressed: Pressed) -> list[str]:
    """Return the causes of a verdict, the most telling ones first."""
    sale, verdict = pressed.sale, pressed.verdict
    if verdict.outcome is not Outcome.INVALID:
        return [verdict.reason]
    if pressed.counterexample is not None:
        return [pressed.counterexample.why]
    told = explained(sale)
    return causes(sale) + [one.message for one in verdict.anomalies if one.name not in told]


def proof_text(proof: Proof, call: RaceCall) -> str:
    """Return the text of an exploration; `call` is the test's own."""
    outcome = proof.exploration.outcome
    names = [finding.name for finding in shortest_first(proof.exploration)]
    counterexample = proof.counterexample
    rows = [("why", counterexample.why if counterexample else proof.reason)]
    if outcome is Outcome.UNKNOWN:
        rows = [("why", proof.reason)]
    sale = f"{_plural(len(proof.buyers), 'buyer')}, {_plural(proof.tickets, 'ticket')}"
    rows.append(("shown", f"by exploring {sale}: {proof.exploration.states:,} states"))
    if outcome is Outcome.VALID:
        rows.append(("rests on", "; ".join(proof.premises)))
    rows += _cure(proof.assembly, outcome, names, call, "proved")
    return _text(outcome, names, _explored(proof), counterexample, rows)


def _explored(proof: Proof) -> str:
    exploration = proof.exploration
    total, violating = exploration.interleavings, exploration.violating
    if total is None or violating is None:
        return "not all interleavings explored"
    if not violating:
        return f"all {_plural(total, 'interleaving')} sound"
    return f"{violating:,} of {_plural(total, 'interleaving')} unsound"


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _text(
    outcome: Outcome,
    names: Sequence[AnomalyName],
    figures: str,
    counterexample: Counterexample | None,
    rows: Iterable[Row],
) -> str:
    """Join the verdict in one line, the steps, and the labelled lines."""
    worst = counterexample.anomaly if counterexample else next(iter(names), "")
    lines = [f"{SIGNS[outcome]} {outcome.upper()}  {worst}{': ' if worst else ''}{figures}", ""]
    if counterexample is not None:
        lines.append(f"  {_plural(len(counterexample.steps), 'step')} to {worst}:")
        lines += [f"  {line}" for line in step_table(counterexample, WIDTH - 2)]
        lines.append("")
    if others := [name for name in names if name != worst]:
        lines += _labelled("also", ", ".join(others))
    before = ""
    for label, text in rows:
        lines += _labelled("" if label == before else label, text)
        before = label
    return "\n".join(map(printable, lines))


def _labelled(label: str, text: str) -> list[str]:
    """Return a text behind its label, on as many lines as it needs; no word is broken.

    A call that a test can copy stays on one line.
    """
    first = f"  {label:<{LABEL_WIDTH}}"
    if text.startswith("race("):
        return [first + text]
    return textwrap.wrap(
        _FLAG.sub(_option, text), WIDTH, initial_indent=first, subsequent_indent=" " * len(first),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _option(flag: re.Match[str]) -> str:
    name = flag[2].replace("-", "_")
    return f"{name}=False" if flag[1] else name


def _cure(
    assembly: Assembly,
    outcome: Outcome,
    names: Collection[AnomalyName],
    call: RaceCall,
    method: str,
) -> list[Row]:
    """Return what would make the sale sound, and the test that shows it."""
    change = change_of(assembly, set(names)) if outcome is Outcome.INVALID else None
    if change is None:
        return []
    what, fields = change
    return [("cure", f"{what}:"), ("cure", f"{call.but(fields)}.{method}()")]
