"""Explain in one sentence how an anomaly came about, from the steps that lead to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from booking.core.order_execution import BUY, TORN_READ
from booking.core.verdict import AnomalyName
from booking.core.wording import counted
from booking.history.actions import Action
from booking.history.model import Event, History

HALF_WRITTEN = "a reader met the inventory half-written"


def message(name: AnomalyName, history: History) -> str:
    """Return what is wrong at the end of a history that was cut where it is certain."""
    if name is AnomalyName.DOUBLE_SOLD and (pair := _holders(history)):
        return f"ticket {_first_shared(*pair)} is held twice"
    if name is AnomalyName.TORN_READ:
        return HALF_WRITTEN
    if name is AnomalyName.OVERSELL:
        sold = sum(sale.quantity for sale in _sales(history))
        were = "was" if sold == 1 else "were"
        return f"{counted(sold, 'ticket')} {were} sold out of {history.tickets}"
    if name is AnomalyName.STALE_READ:
        return "a search answered an older count than one that was known before it"
    return "no order of the orders explains what the buyers were told"


def why(name: AnomalyName, history: History, names: Sequence[str]) -> str:
    """Return the cause in a sentence, or what is wrong where the steps show no more."""
    steps = history.steps()
    if name in {AnomalyName.DOUBLE_SOLD, AnomalyName.OVERSELL} and (pair := _holders(history)):
        return _overtaken(pair, steps, names)
    if name is AnomalyName.TORN_READ:
        return _torn(history, steps, names)
    return message(name, history)


def _sales(history: History) -> list[Event]:
    return [event for event in history.events if event.type == "ok" and event.f == BUY]


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
    """Describe which read came before which write that it should have seen."""
    early, late = pair
    ticket = _first_shared(early, late)
    write = _last(steps, early, lambda step: step.value is not None)
    read = _last(steps, late, lambda step: step.f == Action.READ and step.saw is not None)
    first, second = names[int(early.process)], names[int(late.process)]
    if write and read and read.index < write.index:
        return (
            f"{second} read {read.saw} before {first} wrote {write.value}, "
            f"so both sold ticket {ticket}"
        )
    if write and read:
        return (
            f"{second} read {read.saw} although {first} had written {write.value}, "
            f"so both sold ticket {ticket}"
        )
    return f"{first} and {second} were both told that ticket {ticket} is theirs"


def _torn(history: History, steps: list[Event], names: Sequence[str]) -> str:
    torn = next((event for event in history.events if event.error == TORN_READ), None)
    if torn is None:
        return HALF_WRITTEN
    reader = names[int(torn.process)]
    emptied = [step for step in steps if step.f == Action.TRUNCATE and step.index < torn.index]
    if not emptied:
        return f"{reader} met the inventory half-written"
    writer = names[int(emptied[-1].process)]
    return f"{reader} read after {writer} had emptied the file and before it was filled again"


def _last(steps: list[Event], sale: Event, fits: Callable[[Event], bool]) -> Event | None:
    """Return the last fitting step of a sale's buyer before the sale."""
    own = [step for step in steps if step.process == sale.process and step.index < sale.index]
    return next((step for step in reversed(own) if fits(step)), None)
