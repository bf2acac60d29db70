"""Anomalies that a counter's order does not show: each rule looks for one of them.

A history can be perfectly linearizable and the sale a failure all the same: a buyer read half a
file, an intent was carried out twice, tickets were left though they were asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from booking.checker.causes import Steps, torn_by
from booking.checker.certificate import Op
from booking.checker.columns import Columns, Inventory, Numbers
from booking.checker.messages import buyer, events, listed, tickets_
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.model import Event

REFUSED_MAX = 1_000  # orders turned away that are looked at for starvation


def broken_rules(here: Inventory, ledger: Columns, steps: Steps) -> list[Anomaly]:
    """Return what is wrong with one inventory besides the order of things."""
    if here.tickets is None:
        return [*_torn(here, steps), *_twice(here)]
    return [
        *_torn(here, steps),
        *_same_seat(here, ledger.numbers),
        *_twice(here),
        *_paid_twice(here),
        *_undersold(here, here.tickets),
        *_starved(here),
    ]


def _torn(here: Inventory, steps: Steps) -> Iterator[Anomaly]:
    rows = here.torn
    if not rows.invoked:
        return
    best: tuple[str, tuple[Event, ...]] | None = None
    reader = 0
    for at in range(min(len(rows.invoked), REFUSED_MAX)):
        best = torn_by(_torn_op(here, at), steps)
        if best is not None:
            reader = at
            break
    op = _torn_op(here, reader)
    cause = f": {best[0]}" if best else ""
    yield Anomaly(
        AnomalyName.TORN_READ,
        f"{buyer(op.process)} met the count half-written{cause}",
        best[1] if best else events([op]),
    )


def _torn_op(here: Inventory, at: int) -> Op:
    rows = here.torn
    return Op(
        "search", rows.process[at], rows.index[at], rows.done[at], rows.invoked[at],
        rows.returned[at],
    )  # fmt: skip


def _same_seat(here: Inventory, numbers: Numbers) -> Iterator[Anomaly]:
    """Seats are identities: they come in any order, but each once."""
    if numbers != "seat":
        return
    seen: dict[int, int] = {}
    for at, number in enumerate(here.sold.number):
        if number is None:
            continue
        if number in seen:
            pair = [_sold_op(here, seen[number]), _sold_op(here, at)]
            who = " and ".join(buyer(x.process) for x in pair)
            yield Anomaly(
                AnomalyName.DOUBLE_SOLD, f"ticket {number} was sold to {who}", events(pair)
            )
            return
        seen[number] = at


def _sold_op(here: Inventory, at: int) -> Op:
    rows = here.sold
    return Op(
        "buy", rows.process[at], rows.index[at], rows.done[at], rows.invoked[at],
        rows.returned[at], rows.quantity[at], rows.number[at], rows.number[at],
    )  # fmt: skip


def _twice(here: Inventory) -> Iterator[Anomaly]:
    """One intent, two oks."""
    for intent, sent in here.intents.items():
        oks = [(invoke, done) for sold, invoke, done in sent if sold and done is not None]
        if len(oks) > 1:
            who = listed(buyer(process) for process in dict.fromkeys(x.process for x, _ in oks))
            got = [done.value for _, done in oks if done.value is not None]
            numbers = f" (tickets {listed(map(str, got))})" if len(got) == len(oks) else ""
            yield Anomaly(
                AnomalyName.DUPLICATE_PURCHASE,
                f"{who} meant one purchase ({intent}) and was sold {len(oks)}{numbers}",
                tuple(event for pair in oks[:2] for event in pair),
            )
            return


def _paid_twice(here: Inventory) -> Iterator[Anomaly]:
    """One intent, of which one attempt was answered and a lost one took its tickets, too.

    The count at the end says how many tickets the attempts of unknown outcome took; when that is
    more than their intents can have meant, some intent was carried out twice.
    """
    if here.remaining is None or not here.intents or here.tickets is None:
        return
    taken = here.tickets - here.remaining - sum(here.sold.quantity)
    unknown = sum(here.maybe.quantity)
    meant, doubtful = 0, []
    for sent in here.intents.values():
        lost = [invoke for sold, invoke, _ in sent if not sold]
        unknown -= sum(invoke.quantity for invoke in lost)
        if any(sold for sold, _, _ in sent):
            doubtful += lost
        elif lost:
            meant += max(invoke.quantity for invoke in lost)
            doubtful += lost[1:]
    if doubtful and meant + unknown < taken <= sum(here.maybe.quantity):
        sentences = {f"{buyer(x.process)} ({x.intent})": x for x in doubtful}
        yield Anomaly(
            AnomalyName.DUPLICATE_PURCHASE,
            f"{tickets_(taken)} more than was answered for went to a repeated purchase "
            f"of {listed(sentences)}: the first attempt had taken effect",
            tuple(doubtful[:10]),
        )


def _undersold(here: Inventory, tickets: int) -> Iterator[Anomaly]:
    """Find tickets that are left although a buyer who wanted them was definitely refused."""
    if here.remaining is None:
        return
    sold, maybe = sum(here.sold.quantity), sum(here.maybe.quantity)
    left = min(here.remaining, tickets - sold - maybe)
    for rows in (here.refused, here.sold_outs):
        quantities = rows.quantity if rows is here.refused else here.sold_outs.value
        away = [at for at, quantity in enumerate(quantities) if quantity <= left]
        if away and not here.refunded.invoked:
            at = away[0]
            why = here.refused.error[at] or "an error" if rows is here.refused else "sold-out"
            yield Anomaly(
                AnomalyName.UNDERSELL,
                f"{tickets_(left)} left at the end although {buyer(rows.process[at])} came for "
                f"{quantities[at]} and was turned away ({why})",
                _turned_away(here, rows is here.refused, at),
            )
            return


def _turned_away(here: Inventory, refused: bool, at: int) -> tuple[Event, ...]:
    rows = here.refused if refused else here.sold_outs
    quantity = here.refused.quantity[at] if refused else here.sold_outs.value[at]
    error = here.refused.error[at] if refused else "sold-out"
    who = rows.process[at]
    return (
        Event(rows.index[at], who, "invoke", "buy", None, rows.invoked[at], quantity=quantity),
        Event(rows.done[at], who, "fail", "buy", None, rows.returned[at], error, quantity),
    )


def _starved(here: Inventory) -> Iterator[Anomaly]:
    """Find a buyer that never got a turn while another one got two that began later."""
    rows, sold = here.refused, here.sold
    served = set(sold.process) if rows.invoked else set()
    waiting = [at for at, who in enumerate(rows.process) if who not in served][:REFUSED_MAX]
    order = sorted(range(len(sold.invoked)), key=sold.invoked.__getitem__) if waiting else []
    begun = [sold.invoked[at] for at in order]
    for at in waiting:
        if rows.error[at] == "torn-read":
            continue
        turns: dict[int | str, list[int]] = {}
        for place in range(bisect_left(begun, rows.invoked[at] + 1), len(order)):
            row = order[place]
            if sold.invoked[row] > rows.returned[at]:
                break
            if sold.returned[row] > rows.returned[at]:
                continue
            mine = turns.setdefault(sold.process[row], [])
            mine.append(row)
            if len(mine) > 1:
                overtakers = [_sold_op(here, x) for x in mine]
                yield Anomaly(
                    AnomalyName.STARVATION,
                    f"{buyer(rows.process[at])} never got a turn ({rows.error[at] or 'failed'}) "
                    f"while tickets were left: {buyer(sold.process[row])} came later and was "
                    "served twice meanwhile",
                    (*_turned_away(here, True, at), *events(overtakers)),
                )
                return
