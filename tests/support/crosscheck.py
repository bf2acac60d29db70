"""Hold the checker's answer on a recording against the definition: verdict, order, proof, names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import msgspec

import booking.checker.decision as deciding
from booking.checker import Columns, Decision, Naming, decide
from booking.core.verdict import Anomaly, AnomalyName, Outcome, Verdict
from booking.history.model import Event
from tests.support.definition import END, Recording, explained, operations, pairs, replayed
from tests.support.names import implausible

# Rules about the sale and not about the order: a sale that has an order may break them.
BESIDES = {"undersell", "starvation", "torn-read"}


def lines(recording: Recording) -> list[dict[str, Any]]:
    """Return the file's lines: the sale, the events, the end."""
    events = recording.events
    first = events[0]["time"] if events else 0
    last = events[-1]["time"] if events else 0
    several = set(recording.tickets) != {None}
    sale: dict[str, Any] = {"version": 1}
    end: dict[str, Any] = {}
    if several:
        sale["inventories"] = {str(key): n for key, n in recording.tickets.items()}
        end["inventories"] = {
            str(key): n for key, n in recording.remaining.items() if n is not None
        }
    else:
        sale["tickets"], end["remaining"] = recording.tickets[None], recording.remaining[None]
    if recording.unlogged:
        end["unlogged"] = [99]
    harness = {"process": "harness", "type": "info"}
    return [
        {**harness, "index": 0, "f": "sale", "value": sale, "time": first},
        *events,
        {**harness, "index": len(events) + 1, "f": "end", "value": end, "time": last},
    ]


def columns_of(recording: Recording) -> Columns:
    """Read a recording as `check` reads a file."""
    naming = Naming(counting=recording.counting, numbers=recording.numbers)  # type: ignore[arg-type]
    columns = Columns(naming)
    columns.feed(msgspec.convert(lines(recording), list[Event]))
    columns.close()
    return columns


def decision_of(recording: Recording) -> Decision:
    """Decide a recording; evidence is quoted from it. A part that crashes is a mistake."""
    events = {line["index"]: msgspec.convert(line, Event) for line in lines(recording)}

    def originals(indexes: set[int]) -> dict[int, Event]:
        return {index: events[index] for index in indexes if index in events}

    with patch.object(deciding, "_unknown", wraps=deciding._unknown) as unknown:
        decision = decide(
            columns_of(recording), want_order=True, originals=originals, answers_needed=True
        )
    for call in unknown.call_args_list:
        reason = call.args[0]
        assert "crash" not in reason, (reason, shown(recording))
        assert "defect" not in reason, (reason, shown(recording))
    return decision


def disagreements(recording: Recording) -> Iterator[str]:
    """Yield what is wrong with the checker's answer; each begins with the kind of mistake."""
    return mistakes(recording, decision_of(recording), explained(recording))


def mistakes(recording: Recording, decision: Decision, right: bool) -> Iterator[str]:
    """Yield what is wrong with a decision, when it is known whether the recording is right."""
    yield from _verdict(recording, decision.verdict, right)
    if right and decision.verdict.outcome is Outcome.VALID:
        yield from _order(recording, decision)
    if not right:
        yield from _certificates(recording, decision)
    for one in decision.verdict.anomalies:
        yield from _evidence(recording, one, right)
        why = None if right else implausible(recording, one.name.value, indexes(one, recording))
        if why is not None:
            yield f"name {one.name.value}: {why}"


def _about_order(verdict: Verdict) -> list[str]:
    return [one.message for one in verdict.anomalies if one.name.value not in BESIDES]


def _verdict(recording: Recording, verdict: Verdict, right: bool) -> Iterator[str]:
    accused, outcome = _about_order(verdict), verdict.outcome.value
    if right and accused:
        yield f"accused falsely: {accused}"
    if not right and not accused and not (outcome == "unknown" and may_stay_unknown(recording)):
        kind = "missed" if outcome == "valid" else f"{outcome} although it is impossible"
        yield f"{kind}: {verdict.reason}"
    if right and outcome == "unknown" and not may_be_unknown(recording):
        yield f"unknown without need: {verdict.reason}"
    if outcome == "valid" and recording.unlogged:
        yield "valid although a log is missing"


def may_be_unknown(recording: Recording) -> bool:
    """Return whether the definition leaves it open although some order explains everything."""
    definite = any(done and (done["type"] == "ok" or done.get("error") == "sold-out")
                   for _, done in pairs(recording))  # fmt: skip
    return recording.unlogged or not definite or _answers_say_too_little(recording)


def may_stay_unknown(recording: Recording) -> bool:
    """Return whether an impossible history need not be refuted.

    Any number of orders explains much. And which seat was given back can rest on an order that was
    told none, or whose outcome is unknown: a search that knows the seats ends without an answer.
    """
    return recording.unlogged or (
        recording.meaning == "seat" and any(e["f"] == "refund" for e in recording.events)
    )


def _answers_say_too_little(recording: Recording) -> bool:
    """Two answers without a ticket to one intent: one purchase or two, if the counts allow both."""
    for key in recording.tickets:
        told: dict[Any, list[Any]] = {}
        for op in operations(recording, key):
            if op.kind == "buy" and op.certain and op.intent is not None:
                told.setdefault(op.intent[0], []).append((op.value, op.quantity))
        for answers in told.values():
            values, quantities = map(set, zip(*answers, strict=True))
            if len(answers) > 1 and (None in values or len(quantities) > 1):
                return True
    return False


def _order(recording: Recording, decision: Decision) -> Iterator[str]:
    if decision.order is None:
        yield "order: there is none"
        return
    problem = replayed(recording, decision.order)
    if problem is not None:
        yield f"order: {problem}"


def _certificates(recording: Recording, decision: Decision) -> Iterator[str]:
    # Two answers with different tickets say themselves that one intent was carried out twice.
    names = {one.name.value for one in decision.verdict.anomalies} - BESIDES
    if names - {"duplicate-purchase"} and not decision.certificates:
        yield f"no certificate: {sorted(names)}"
    # A second purchase of an intent is proved on the ground that it was answered already.
    repeated = "duplicate-purchase" in names
    answered = _answered_intents(recording) if repeated else set()
    for proof in decision.certificates:
        ops = [
            op
            for op in (proof.before, *proof.members, *proof.elsewhere, proof.after)
            if op is not None
        ]
        keep = {END if op.what == "end" else op.index for op in ops}
        keep |= _attempts(recording, keep) | answered
        if explained(recording, keep=keep):
            yield f"certificate proves nothing: {proof.kind} {sorted(map(str, keep))}"


def _attempts(recording: Recording, keep: set[Any]) -> set[Any]:
    """Return all attempts at the intents of operations: a certificate names them by the first."""
    ops = [op for key in recording.tickets for op in operations(recording, key)]
    intents = {op.intent for op in ops if op.index in keep} - {None}
    return {op.index for op in ops if op.intent in intents}


def _answered_intents(recording: Recording) -> set[Any]:
    ops = [op for key in recording.tickets for op in operations(recording, key)]
    return {op.index for op in ops if op.kind == "buy" and op.certain and op.intent is not None}


def indexes(anomaly: Anomaly, recording: Recording) -> set[Any]:
    """Return the operations that an anomaly's evidence quotes, by the index of the invocation."""
    began = {
        event["index"]: invoke["index"]
        for invoke, done in pairs(recording)
        for event in (invoke, done)
        if event is not None
    }
    last = len(recording.events) + 1
    quoted = [event.index for event in anomaly.evidence]
    return {began.get(index, END if index in {last, -1} else None) for index in quoted}


def evidence_problems(recording: Recording, anomaly: Anomaly) -> Iterator[str]:
    """Yield why an anomaly's evidence does not quote the file."""
    name = anomaly.name.value
    if not anomaly.evidence:
        yield f"evidence is empty: {name}"
    written = {line["index"]: msgspec.convert(line, Event) for line in lines(recording)}
    odd = [event for event in anomaly.evidence if event != written.get(event.index)]
    if odd:
        yield f"evidence is not in the file: {name} {odd[0]}"
    times = [event.time for event in anomaly.evidence]
    if times != sorted(times):
        yield f"evidence is not in the order of time: {name}"


def _gave_back(recording: Recording) -> set[Any]:
    """Return all that processes did which gave something back."""
    ops = [op for key in recording.tickets for op in operations(recording, key)]
    processes = {op.process for op in ops if op.kind == "refund"}
    return {op.index for op in ops if op.process in processes and op.kind in {"buy", "refund"}}


def _evidence(recording: Recording, anomaly: Anomaly, right: bool) -> Iterator[str]:
    yield from evidence_problems(recording, anomaly)
    if right or anomaly.name.value in BESIDES:
        return
    keep = indexes(anomaly, recording)
    if anomaly.name is AnomalyName.OVERSELL:
        keep |= _gave_back(recording)  # evidence shows who holds; these do not
    if anomaly.evidence and explained(recording, keep=keep):
        yield f"evidence proves nothing: {anomaly.name.value} ({anomaly.message})"


def shown(recording: Recording) -> str:
    """Return a recording as a file, and what is said beside it: for messages."""
    beside = f"numbers {recording.numbers}, counting {recording.counting}"
    return "\n".join([beside, *(str(line) for line in lines(recording))])
