"""Check rules that a counter's order does not show: each looks for one anomaly.

A history can be perfectly linearizable and the sale a failure all the same: a buyer read half a
file, an intent was carried out twice, tickets were left although a buyer came for them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from booking.checker.causes import StepsByProcess, torn_read_cause
from booking.checker.columns import TORN_READ, Columns
from booking.checker.inventory import Inventory, Numbers, Observations, Orders
from booking.checker.messages import buyer, events_of, listed, tickets_
from booking.checker.operations import sale_op, torn_read_op
from booking.core.protocols import SOLD_OUT
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.model import Event

REFUSED_MAX = 1_000  # refused orders that are looked at for starvation, and torn reads for a cause
REPEATED_MAX = 10  # repeated purchases that are shown as evidence


def broken_invariants(
    inventory: Inventory, columns: Columns, steps: StepsByProcess
) -> list[Anomaly]:
    """Return what is wrong with one inventory besides the order of things."""
    if inventory.tickets is None:
        return [*_torn_reads(inventory, steps), *_answered_twice(inventory)]
    return [
        *_torn_reads(inventory, steps),
        *_double_sold_seats(inventory, columns.numbers),
        *_answered_twice(inventory),
        *_undersell(inventory, inventory.tickets),
        *([] if inventory.unlogged else _by_absence(inventory, inventory.tickets)),
    ]


def _by_absence(inventory: Inventory, tickets: int) -> Iterator[Anomaly]:
    """Find what rests on there being no other orders than those of the history."""
    yield from _carried_out_twice(inventory, tickets)
    yield from _starvation(inventory)


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


def _double_sold_seats(inventory: Inventory, numbers: Numbers) -> Iterator[Anomaly]:
    """Find a seat that was sold twice: seats come in any order, but each once."""
    if numbers != "seat":
        return
    row_of: dict[int, int] = {}
    for row, number in enumerate(inventory.sold.number):
        if number is None:
            continue
        if number in row_of:
            pair = [sale_op(inventory, row_of[number]), sale_op(inventory, row)]
            who = " and ".join(buyer(x.process) for x in pair)
            yield Anomaly(
                AnomalyName.DOUBLE_SOLD, f"ticket {number} was sold to {who}", events_of(pair)
            )
            return
        row_of[number] = row


def _answered_twice(inventory: Inventory) -> Iterator[Anomaly]:
    """Find an intent with two ok answers."""
    for intent, attempts in inventory.intents.items():
        oks = [(x.invoke, x.complete) for x in attempts if x.ok and x.complete is not None]
        if len(oks) > 1:
            processes = dict.fromkeys(invoke.process for invoke, _ in oks)
            who = listed(buyer(process) for process in processes)
            got = [complete.value for _, complete in oks if complete.value is not None]
            numbers = f" (tickets {listed(map(str, got))})" if len(got) == len(oks) else ""
            yield Anomaly(
                AnomalyName.DUPLICATE_PURCHASE,
                f"{who} meant one purchase ({intent}) and was sold {len(oks)}{numbers}",
                tuple(event for pair in oks[:2] for event in pair),
            )
            return


def _carried_out_twice(inventory: Inventory, tickets: int) -> Iterator[Anomaly]:
    """Find an intent of which one attempt was answered, and a lost one took its tickets, too.

    The count at the end tells how many tickets the attempts of unknown outcome took. When that is
    more than their intents can have meant, some intent was carried out twice.
    """
    if inventory.remaining is None or not inventory.intents:
        return
    taken = tickets - inventory.remaining - sum(inventory.sold.quantity)
    unknown = sum(inventory.maybe.quantity)
    meant, doubtful = 0, []
    for attempts in inventory.intents.values():
        lost = [attempt.invoke for attempt in attempts if not attempt.ok]
        unknown -= sum(invoke.quantity for invoke in lost)
        if any(attempt.ok for attempt in attempts):
            doubtful += lost
        elif lost:
            meant += max(invoke.quantity for invoke in lost)
            doubtful += lost[1:]
    if doubtful and meant + unknown < taken <= sum(inventory.maybe.quantity):
        purchases = dict.fromkeys(f"{buyer(x.process)} ({x.intent})" for x in doubtful)
        yield Anomaly(
            AnomalyName.DUPLICATE_PURCHASE,
            f"{tickets_(taken)} more than was answered for went to a repeated purchase "
            f"of {listed(purchases)}: the first attempt had taken effect",
            tuple(doubtful[:REPEATED_MAX]),
        )


def _undersell(inventory: Inventory, tickets: int) -> Iterator[Anomaly]:
    """Find a buyer that was definitely turned away, although enough tickets are left at the end."""
    if inventory.remaining is None or inventory.refunded.invoked:
        return
    sold, maybe = sum(inventory.sold.quantity), sum(inventory.maybe.quantity)
    left = min(inventory.remaining, tickets - sold - maybe)
    for rows in (inventory.refused, inventory.sold_outs):
        quantities = rows.quantity if isinstance(rows, Orders) else rows.value
        row = next((row for row, quantity in enumerate(quantities) if quantity <= left), None)
        if row is not None:
            error = rows.error[row] if isinstance(rows, Orders) else SOLD_OUT
            yield Anomaly(
                AnomalyName.UNDERSELL,
                f"{tickets_(left)} left at the end although {buyer(rows.process[row])} came for "
                f"{quantities[row]} and was turned away ({error or 'an error'})",
                _refusal_events(rows, row),
            )
            return


def _refusal_events(rows: Orders | Observations, row: int) -> tuple[Event, ...]:
    """Return the events of a refused order, or of one that was told that it is sold out."""
    if isinstance(rows, Orders):
        quantity, error = rows.quantity[row], rows.error[row]
    else:
        quantity, error = rows.value[row], SOLD_OUT
    index, done, who = rows.index[row], rows.done[row], rows.process[row]
    invoke = Event(index, who, "invoke", "buy", None, rows.invoked[row], quantity=quantity)
    if done is None:
        return (invoke,)
    return invoke, Event(done, who, "fail", "buy", None, rows.returned[row], error, quantity)


def _starvation(inventory: Inventory) -> Iterator[Anomaly]:
    """Find a buyer that never had a turn, while another one had two that began later."""
    refused, sold = inventory.refused, inventory.sold
    if not refused.invoked:
        return
    served = set(sold.process)
    waiting = [row for row, who in enumerate(refused.process) if who not in served][:REFUSED_MAX]
    by_invoke = sorted(range(len(sold.invoked)), key=sold.invoked.__getitem__) if waiting else []
    begun = [sold.invoked[row] for row in by_invoke]
    for row in waiting:
        if refused.error[row] == TORN_READ:
            continue
        start = bisect_left(begun, refused.invoked[row] + 1)
        overtakers = _served_twice(sold, by_invoke, start, refused.returned[row])
        if overtakers:
            who, other = refused.process[row], sold.process[overtakers[0]]
            yield Anomaly(
                AnomalyName.STARVATION,
                f"{buyer(who)} never got a turn ({refused.error[row] or 'failed'}) "
                f"while tickets were left: {buyer(other)} came later and was "
                "served twice meanwhile",
                (
                    *_refusal_events(refused, row),
                    *events_of(sale_op(inventory, sale) for sale in overtakers),
                ),
            )
            return


def _served_twice(sold: Orders, by_invoke: Sequence[int], start: int, until: int) -> list[int]:
    """Return the first two sales of one buyer, of `by_invoke[start:]`, that ended by `until`."""
    turns: dict[int | str, list[int]] = {}
    for place in range(start, len(by_invoke)):
        row = by_invoke[place]
        if sold.invoked[row] > until:
            break
        if sold.returned[row] > until:
            continue
        own_turns = turns.setdefault(sold.process[row], [])
        own_turns.append(row)
        if len(own_turns) > 1:
            return own_turns
    return []
