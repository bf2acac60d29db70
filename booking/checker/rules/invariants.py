"""Check rules that a counter's order does not show: each looks for one anomaly.

A history can be perfectly linearizable and the sale a failure all the same: a buyer read half a
file, an intent was carried out twice, tickets were left although a buyer came for them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from booking.checker.diagnosis.messages import buyer, events_of, in_time_order, tickets_, was
from booking.checker.operations import sale_op, torn_read_op
from booking.checker.reading.columns import Columns
from booking.checker.reading.inventory import Inventory, Observations, Orders
from booking.checker.rules.causes import StepsByProcess, torn_read_cause
from booking.checker.rules.intents import Purchases, answered_twice
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.model import Event

REFUSED_MAX = 1_000  # refused orders that are looked at for starvation, and torn reads for a cause
# Errors that say that a buyer waited and had no turn; other tools have their own names for that.
_WAITED = re.compile(r"time[ds]?[- _]?out|busy|conflict|queue-full|no-lock|locked", re.IGNORECASE)


def broken_invariants(
    purchases: Purchases, columns: Columns, steps: StepsByProcess
) -> list[Anomaly]:
    """Return what is wrong with one inventory besides the order of things."""
    once = purchases.once
    anomalies = [*_torn_reads(once, steps), *answered_twice(purchases)]
    if once.tickets is not None and not columns.end.unlogged:
        anomalies += [*_undersell(once, once.tickets), *_starvation(once)]
    return anomalies


def _torn_reads(inventory: Inventory, steps: StepsByProcess) -> Iterator[Anomaly]:
    """Name the first torn read whose steps show the writer, else the first."""
    ops = [
        torn_read_op(inventory, row) for row in range(min(len(inventory.torn.invoked), REFUSED_MAX))
    ]
    if not ops:
        return
    causes = ((op, torn_read_cause(op, steps)) for op in ops)
    op, cause = next(((op, cause) for op, cause in causes if cause is not None), (ops[0], None))
    why, evidence = cause if cause is not None else ("", events_of([op]))
    message = f"{buyer(op.process)} met the count half-written"
    yield Anomaly(AnomalyName.TORN_READ, f"{message}: {why}" if why else message, evidence)


def _undersell(inventory: Inventory, tickets: int) -> Iterator[Anomaly]:
    """Find a buyer that was told sold out, although enough tickets are left at the end.

    No other error counts: a time-out, a busy store, a card that was declined say nothing about
    the tickets. Nor does an attempt count whose intent another attempt may have carried out.
    """
    if inventory.remaining is None or inventory.has_refunds:
        return
    sold, maybe = sum(inventory.sold.quantity), sum(inventory.maybe.quantity)
    left = min(inventory.remaining, tickets - sold - maybe)
    rows = inventory.sold_outs
    refused = (row for row, quantity in enumerate(rows.value) if quantity <= left)
    refused = (row for row in refused if not _is_served(inventory, rows.index[row]))
    row = min(refused, key=rows.returned.__getitem__, default=None)
    if row is not None:
        yield Anomaly(
            AnomalyName.UNDERSELL,
            f"{tickets_(left)} {was(left)} left at the end although {buyer(rows.process[row])} "
            f"came for {rows.value[row]} and was told that it is sold out",
            _refusal_events(rows, row),
        )


def _is_served(inventory: Inventory, index: int) -> bool:
    """Return whether another attempt at the same intent succeeded, or may have."""
    intent = inventory.intent_of_refused.get(index)
    return intent is not None and intent in inventory.intents


def _refusal_events(rows: Orders | Observations, row: int) -> tuple[Event, ...]:
    """Return the events of a refused order, or of one that was told that it is sold out."""
    index, done, who = rows.index[row], rows.done[row], rows.process[row]
    invoke = Event(index, who, "invoke", "buy", None, rows.invoked[row])
    if done is None:
        return (invoke,)
    return invoke, Event(done, who, "fail", "buy", None, rows.returned[row])


def _starvation(inventory: Inventory) -> Iterator[Anomaly]:
    """Find a buyer that waited in vain, while another one had two turns that began later.

    A buyer with an order of unknown outcome may have had its turn.
    """
    refused, sold = inventory.refused, inventory.sold
    if not refused.invoked:
        return
    served = {*sold.process, *inventory.maybe.process}
    rows = (row for row, who in enumerate(refused.process) if who not in served)
    rows = (row for row in rows if _WAITED.search(refused.error[row]))
    waiting = [row for row in rows if not _is_served(inventory, refused.index[row])][:REFUSED_MAX]
    by_invoke = sorted(range(len(sold.invoked)), key=sold.invoked.__getitem__) if waiting else []
    begun = [sold.invoked[row] for row in by_invoke]
    for row in waiting:
        start = bisect_left(begun, refused.invoked[row] + 1)
        overtakers = _served_twice(inventory, by_invoke, start, row)
        if overtakers:
            who, other = refused.process[row], sold.process[overtakers[0]]
            yield Anomaly(
                AnomalyName.STARVATION,
                f"{buyer(who)} never got a turn ({refused.error[row]}) "
                f"while tickets were left: {buyer(other)} came later and was "
                "served twice meanwhile",
                in_time_order(
                    (
                        *_refusal_events(refused, row),
                        *events_of(sale_op(inventory, sale) for sale in overtakers),
                    )
                ),
            )
            return


def _served_twice(
    inventory: Inventory, by_invoke: Sequence[int], start: int, waiter: int
) -> list[int]:
    """Return two sales of one buyer, of `by_invoke[start:]`, that ended before `waiter` gave up.

    Each was of as many tickets as the waiter wanted, so that many were left until then.
    """
    sold, refused = inventory.sold, inventory.refused
    until, quantity = refused.returned[waiter], refused.quantity[waiter]
    turns: dict[int | str, list[int]] = {}
    for place in range(start, len(by_invoke)):
        row = by_invoke[place]
        if sold.invoked[row] > until:
            break
        if sold.returned[row] >= until or sold.quantity[row] < quantity:
            continue
        own_turns = turns.setdefault(sold.process[row], [])
        own_turns.append(row)
        if len(own_turns) > 1:
            return own_turns
    return []
