"""What an exploration rests on: its bound, what it takes for granted, and what it left out.

A proof holds for the sale that was explored and for no other one. Each sentence names one thing
that could be otherwise in a real sale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from booking.core.assembly import Assembly
from booking.core.counterexample import CounterexampleBuyer


def premises_of(
    assembly: Assembly, buyers: Sequence[CounterexampleBuyer], method: str, *, alike: bool
) -> list[str]:
    """Return what the result of an exploration rests on; `alike`: equal buyers were merged."""
    return [*_bound(assembly, buyers), *_granted(method, alike=alike), *_left_out(assembly)]


def _bound(assembly: Assembly, buyers: Sequence[CounterexampleBuyer]) -> Iterator[str]:
    who = _counted(len(buyers), "buyer")
    yield f"the bound is {who} with one order each, and {_counted(assembly.tickets, 'ticket')}"
    quantities = sorted({buyer.quantity for buyer in buyers})
    yield f"no quantities but {' and '.join(map(str, quantities))}"


def _granted(method: str, *, alike: bool) -> Iterator[str]:
    yield "each announced step is one effect"
    if alike:
        yield "equal buyers are interchangeable"
    if method == "reduced":
        yield "steps on different resources commute"


def _left_out(assembly: Assembly) -> Iterator[str]:
    scenario = assembly.scenario
    if not scenario.search:
        torn = assembly.store_traits.torn_reads
        may_tear = f", although a read of {assembly.store_name} may meet half a write"
        yield f"no searches{may_tear if torn else ''} (--search)"
    if scenario.acquire_timeout is None:
        yield "no time-outs (--acquire-timeout)"
    yield "no clock: no time passes"
    yield "no crash, and no error of the system"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
