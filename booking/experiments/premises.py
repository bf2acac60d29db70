"""What a result rests on: its bound, what it takes for granted, and what it left out.

A proof holds for the sale that was explored and for no other one, and a sale for the order of steps
that it happened to take. Each sentence names one thing that could be otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from booking.core.assembly import Assembly
from booking.core.counterexample import Counterexample, CounterexampleBuyer
from booking.core.wording import counted
from booking.system.adoption import can_adopt
from booking.system.folder_events import are_reported
from booking.system.processes import can_list

DEADLY = frozenset({"kill", "terminate", "raise"})  # the faults of which a process dies


def premises_of(
    assembly: Assembly, buyers: Sequence[CounterexampleBuyer], method: str, *, alike: bool
) -> list[str]:
    """Return what the result of an exploration rests on; `alike`: equal buyers were merged."""
    return [
        *_bound(assembly, buyers),
        *_granted(assembly, method, alike=alike),
        *_left_out(assembly),
    ]


def premises_of_sale(
    assembly: Assembly, tickets: int, elapsed_s: float, schedule: str | None, *, controlled: bool
) -> list[str]:
    """Return what the verdict on a sale of real processes rests on; `controlled`: one followed."""
    scenario = assembly.scenario
    chosen = f", chosen by {schedule}" if schedule else ""
    who = f"{counted(scenario.buyers, 'buyer')} and {counted(tickets, 'ticket')}"
    sentences = [f"the bound is one order of steps{chosen}, of {who}"]
    if scenario.behaviour is None:
        sentences.append(f"no quantities but {scenario.quantity}")
    if scenario.guarded and not controlled:
        sentences.append("no control: nothing shows that the sale races without its guard")
    if scenario.behaviour is None and (scenario.buy_for is not None or not scenario.search):
        sentences.append(_no_searches(assembly))
    if assembly.lock_name is not None and scenario.acquire_timeout is None:
        sentences.append("no time-outs (--acquire-timeout)")
    sentences.append(f"no clock beyond the {elapsed_s:.3f} s that it took")
    if not any(fault.kind in DEADLY for fault in scenario.faults):
        sentences.append("no crash, and no error of the system")
    return [*sentences, *_unseen_processes()]


def premises_of_replay(counterexample: Counterexample) -> list[str]:
    """Return what a replay rests on."""
    steps = f"the bound is one order of {counted(len(counterexample.steps), 'step')}"
    sentences = [f"{steps}; after it buyers go on one by one"]
    if not counterexample.timeouts:
        sentences.append("no time-outs: each lock is asked until it answers")
    return [*sentences, "no clock: each buyer waits until it is its turn"]


def _bound(assembly: Assembly, buyers: Sequence[CounterexampleBuyer]) -> Iterator[str]:
    who = counted(len(buyers), "buyer")
    yield f"the bound is {who} with one order each, and {counted(assembly.tickets, 'ticket')}"
    quantities = sorted({buyer.quantity for buyer in buyers})
    yield f"no quantities but {' and '.join(map(str, quantities))}"


def _granted(assembly: Assembly, method: str, *, alike: bool) -> Iterator[str]:
    yield "each announced step is one effect"
    if not assembly.all_built_in and not are_reported():
        yield "no effect on a file that stays open: this system does not report those"
    if alike:
        yield "equal buyers are interchangeable"
    if method == "reduced":
        yield "steps on different resources commute"


def _left_out(assembly: Assembly) -> Iterator[str]:
    scenario = assembly.scenario
    if not scenario.search:
        yield _no_searches(assembly)
    if scenario.acquire_timeout is None:
        yield "no time-outs (--acquire-timeout)"
    yield "no clock: no time passes"
    yield "no crash, and no error of the system"


def _unseen_processes() -> Iterator[str]:
    """Yield what a system without adoption, or without a list of processes, does not show."""
    if not can_list():
        yield "this system lists no processes: what buyers left behind was not counted"
    elif not can_adopt():
        yield "this system does not show what buyers started in a session of its own"


def _no_searches(assembly: Assembly) -> str:
    torn = assembly.store_traits.torn_reads
    may_tear = f", although a read of {assembly.store_name} may meet half a write"
    return f"no searches{may_tear if torn else ''} (--search)"
