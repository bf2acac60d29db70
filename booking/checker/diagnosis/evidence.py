"""Quote an anomaly's evidence as the history has it: its names, its values and its errors.

Rules know operations by their rows, so what they build is an event of the right index and no more.
Once the verdict stands, each is replaced by the event of that index in the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from booking.checker.diagnosis.messages import in_time_order, shortened
from booking.checker.operations import END_INDEX
from booking.checker.reading.columns import Columns
from booking.checker.reading.inventory import Inventory
from booking.core.verdict import Anomaly, Verdict
from booking.history.model import Event

Originals = Callable[[set[int]], dict[int, Event]]


def quoted(verdict: Verdict, columns: Columns, originals: Originals | None) -> Verdict:
    """Return the verdict with its evidence as it stands in the history.

    The count at the end is an event only where the history recorded it. An anomaly that nothing
    else shows gets the first operation of the history and the last: all of it is the evidence.
    """
    if not verdict.anomalies:
        return verdict
    placed = [_placed(anomaly, columns) for anomaly in verdict.anomalies]
    wanted = {event.index for events in placed for event in events}
    found = originals(wanted) if originals is not None else {}
    anomalies = tuple(
        replace(anomaly, evidence=_quote(events, found))
        for anomaly, events in zip(verdict.anomalies, placed, strict=True)
    )
    return replace(verdict, anomalies=anomalies)


def _placed(anomaly: Anomaly, columns: Columns) -> list[Event]:
    """Return the evidence with the index of the count at the end, or without that count."""
    placed: list[Event] = []
    for event in anomaly.evidence:
        if event.index != END_INDEX:
            placed.append(event)
        elif columns.end_index is not None and columns.end.has_counts:
            placed.append(Event(columns.end_index, event.process, event.type, "end", event.value))
    return placed or list(_first_and_last(columns))


def _quote(events: list[Event], found: dict[int, Event]) -> tuple[Event, ...]:
    """Replace events by those of the source, each once, in the order of time."""
    originals: dict[tuple[int, str], Event] = {}
    for event in events:
        original = found.get(event.index)
        same = original is not None and original.type == event.type
        originals[event.index, event.type] = original if same and original else event
    return shortened(in_time_order(originals.values()))


def _first_and_last(columns: Columns) -> Iterator[Event]:
    """Return the invocation of the first operation, and of the last."""
    rows = [row for inventory in columns.inventories.values() for row in _invocations(inventory)]
    if rows:
        ends = (min(rows), max(rows))
        for time, index, process in dict.fromkeys(ends):
            yield Event(index, process, "invoke", columns.naming.buy[0], None, time)


def _invocations(inventory: Inventory) -> Iterator[tuple[int, int, int | str]]:
    orders = (
        inventory.sold, inventory.maybe, inventory.refused, inventory.refunded,
        inventory.maybe_refunded, inventory.searches, inventory.sold_outs, inventory.torn,
    )  # fmt: skip
    for rows in orders:
        yield from zip(rows.invoked, rows.index, rows.process, strict=True)
