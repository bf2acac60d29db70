"""Show what was decided on a history: verdict, figures, what is wrong; the proof as a diagram."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from booking.checker import Columns, Decision
from booking.checker.reading.inventory import Inventory
from booking.core.printable import printable
from booking.core.wording import counted
from booking.history.model import Event
from booking.report.terminal.layout import (
    Block,
    Command,
    Line,
    Part,
    show_parts,
    show_verdict,
)
from booking.report.terminal.timeline import timeline
from booking.report.terminal.wrapping import columns_of, prose_columns, wrapped


def show_decision(
    decision: Decision,
    columns: Columns,
    elapsed_s: float,
    *,
    explain: bool,
    how_to_explain: str | None = None,
) -> None:
    """Print a decision on a history; draw its proof where `explain` says so."""
    verdict = decision.verdict
    names = [anomaly.name.value for anomaly in verdict.anomalies]
    show_verdict(verdict.outcome, names, _numbers(columns))
    parts: list[Part] = [Line(label, text) for label, text in _rows(decision, columns, elapsed_s)]
    if explain:
        parts += _proofs(decision, columns)
    elif verdict.anomalies and how_to_explain:
        parts.append(Command("explain", how_to_explain))
    show_parts(parts)


def _numbers(columns: Columns) -> str:
    """Return what the verdict is about: operations, and the counts before and after."""
    total = sum(columns.outcomes.values())
    text = counted(total, "operation")
    if len(columns.inventories) > 1:
        return f"{text}, {len(columns.inventories):,} inventories"
    inventory = next(iter(columns.inventories.values()))
    left = "?" if inventory.remaining is None else f"{inventory.remaining:,}"
    return f"{text}, count {inventory.tickets:,} → {left}"


def _rows(decision: Decision, columns: Columns, elapsed_s: float) -> Iterator[tuple[str, str]]:
    counts = columns.outcomes
    total = sum(counts.values())
    each = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    yield "operations", f"{total:,} ({each})"
    if len(columns.inventories) > 1:
        yield "inventories", f"{len(columns.inventories):,}, each judged alone"
    else:
        inventory = next(iter(columns.inventories.values()))
        yield "tickets", f"{inventory.tickets:,} at the start, {_at_the_end(inventory)}"
    yield "time", f"{elapsed_s:.3f} s"
    for anomaly in decision.verdict.anomalies:
        yield anomaly.name.value, anomaly.message
    if not decision.verdict.anomalies:
        yield "why", decision.verdict.reason
    if columns.steps_left_out:
        yield "note", f"{columns.steps_left_out:,} steps were too many to look for causes in"
    for note in columns.notes:
        yield "note", note


def _at_the_end(inventory: Inventory) -> str:
    """Return the count at the end as it was recorded."""
    if inventory.remaining is None:
        return "unknown at the end"
    if inventory.counts_up:
        sold = (inventory.tickets or 0) - inventory.remaining
        return f"{sold:,} sold at the end ({inventory.remaining:,} left)"
    return f"{inventory.remaining:,} at the end"


def _proofs(decision: Decision, columns: Columns) -> Iterator[Block]:
    """Yield a diagram for each certificate; without one, the events that prove an anomaly."""
    for proof in decision.certificates:
        inventory = columns.inventories[proof.key]
        of = f" ({proof.key})" if proof.key is not None else ""
        lines = [Text(line) for line in timeline(proof, inventory.tickets or 0)]
        yield Block(lines, f"proof{of}: {proof.kind}")
    if decision.certificates:
        return
    for anomaly in decision.verdict.anomalies:
        lines = [line for event in anomaly.evidence for line in _event_lines(event)]
        yield Block(lines, anomaly.name.value)


def _event_lines(event: Event) -> list[Text]:
    first = printable(f"  {event.time:>20}  buyer {event.process:<4} ")
    text = printable(_event_text(event))
    return [Text(line) for line in wrapped(text, prose_columns(columns_of()), first, " " * 35)]


def _event_text(event: Event) -> str:
    fields = (event.type, event.f, event.resource, event.value, event.error)
    text = " ".join(str(field) for field in fields if field is not None)
    return text if event.saw is None else f"{text} saw {event.saw}"
