"""Why an anomaly came about, in one sentence: read from the steps that lead to it."""

from __future__ import annotations

from collections.abc import Sequence

from booking.core.verdict import AnomalyName
from booking.history.model import Event, History


def message(name: AnomalyName, history: History) -> str:
    """Say what is wrong at the end of a history that was cut where it is certain."""
    if name is AnomalyName.DOUBLE_SOLD and (pair := _holders(history)):
        return f"ticket {_first_shared(*pair)} is held twice"
    if name is AnomalyName.TORN_READ:
        return "a reader met the inventory half-written"
    if name is AnomalyName.OVERSELL:
        sold = sum(one.quantity for one in _sales(history))
        return f"{sold} tickets were sold out of {history.tickets}"
    if name is AnomalyName.STALE_READ:
        return "a search answered an older count than one that was known before it"
    return "no order of the orders explains what the buyers were told"


def why(name: AnomalyName, history: History, names: Sequence[str]) -> str:
    """Give the cause in a sentence, or what is wrong where the steps show no more."""
    steps = history.steps()
    if name in {AnomalyName.DOUBLE_SOLD, AnomalyName.OVERSELL} and (pair := _holders(history)):
        return _overtaken(pair, steps, names)
    if name is AnomalyName.TORN_READ:
        return _torn(history, steps, names)
    return message(name, history)


def _sales(history: History) -> list[Event]:
    return [one for one in history.events if one.type == "ok" and one.f == "buy"]


def _tickets(sale: Event) -> set[int]:
    return {sale.value - n for n in range(sale.quantity)} if isinstance(sale.value, int) else set()


def _holders(history: History) -> tuple[Event, Event] | None:
    """Find the first two sales that share a ticket."""
    sales = _sales(history)
    for at, late in enumerate(sales):
        for early in sales[:at]:
            if _tickets(early) & _tickets(late):
                return early, late
    return None


def _first_shared(early: Event, late: Event) -> int:
    return max(_tickets(early) & _tickets(late))


def _overtaken(pair: tuple[Event, Event], steps: list[Event], names: Sequence[str]) -> str:
    """Tell which read came before which write that it should have seen."""
    early, late = pair
    ticket = _first_shared(early, late)
    wrote = _last(steps, early, lambda one: one.value is not None)
    read = _last(steps, late, lambda one: one.f == "read" and one.saw is not None)
    first, second = names[int(early.process)], names[int(late.process)]
    if wrote and read and read.index < wrote.index:
        return (
            f"{second} read {read.saw} before {first} wrote {wrote.value}, "
            f"so both sold ticket {ticket}"
        )
    if wrote and read:
        return (
            f"{second} read {read.saw} although {first} had written {wrote.value}, "
            f"so both sold ticket {ticket}"
        )
    return f"{first} and {second} were both told that ticket {ticket} is theirs"


def _torn(history: History, steps: list[Event], names: Sequence[str]) -> str:
    met = next((one for one in history.events if one.error == "torn-read"), None)
    if met is None:
        return "a reader met the inventory half-written"
    reader = names[int(met.process)]
    emptied = [one for one in steps if one.f == "truncate" and one.index < met.index]
    if not emptied:
        return f"{reader} met the inventory half-written"
    writer = names[int(emptied[-1].process)]
    return f"{reader} read after {writer} had emptied the file and before it was filled again"


def _last(steps: list[Event], sale: Event, fits: object) -> Event | None:
    assert callable(fits)
    mine = [one for one in steps if one.process == sale.process and one.index < sale.index]
    return next((one for one in reversed(mine) if fits(one)), None)
