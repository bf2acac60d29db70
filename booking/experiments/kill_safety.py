"""Whether a sale goes on when one of its processes is killed: of code that is not ours, found.

What a lock or guard states of itself is tested for ours. Of any other one it is a claim: the lock
is tortured alone, and a process is killed before each step of a sale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Literal

from booking.core.assembly import assemble
from booking.core.order_execution import BUY
from booking.core.registry import BUILT_IN, resolve
from booking.core.scenario import Fault, Scenario, from_flags
from booking.core.traits import guard_traits, lock_traits
from booking.core.verdict import Outcome
from booking.errors import BookingError
from booking.experiments.lock_probe import probe
from booking.experiments.sale import run_sale
from booking.history.model import History

BUYERS, TICKETS = 4, 3
TIMEOUT_S = 5.0
KILLS_MAX = 20

Actor = Literal["first", "clerk"]  # the process that a fault strikes


def kill_safety(store: str, guard: str, lock: str | None) -> bool | None:
    """Return whether a sale goes on after a kill; None: it is not stated, or could not be seen."""
    if guard == "none":
        return None
    stated = _stated(guard, lock)
    assembly = assemble(_scenario(store, guard, lock))
    if not stated or assembly.all_built_in:
        return stated
    if assembly.location:  # an inventory that is not ours to sell from again and again
        return None
    names = (("store", store), ("guard", guard), ("lock", lock))
    classes = tuple(resolve(kind, name) for kind, name in names if name is not None)
    return _found(store, guard, lock, classes)


def _stated(guard: str, lock: str | None) -> bool | None:
    """Return the fact of the lock, or else of the guard; of a foreign lock what torture found."""
    if lock is None:
        return guard_traits(resolve("guard", guard)).crash_safe
    stated = lock_traits(resolve("lock", lock)).crash_safe
    if lock in BUILT_IN["lock"] or stated is False:
        return stated
    return probe(lock).found.get("crash_safe")


@cache
def _found(store: str, guard: str, lock: str | None, _classes: object) -> bool | None:
    """Kill a process before each step in turn, until a sale does not go on."""
    scenario = _scenario(store, guard, lock)
    try:
        alone = run_sale(scenario.but(buyers=1))
        whole = run_sale(scenario)
        if {alone.answers.outcome, whole.answers.outcome} != {Outcome.VALID}:
            return None  # it breaks by itself
        # The deaths late in an order harm the most, so they come first.
        for fault in reversed(list(_kills(alone.history))):
            sale = run_sale(scenario.but(faults=[fault]))
            if sale.history.end.hung or sale.answers.outcome is Outcome.INVALID:
                return False
            if sale.answers.outcome is Outcome.UNKNOWN:
                return None
    except BookingError:
        return None
    return True


def _kills(history: History) -> Iterator[Fault]:
    """Yield a kill before each step of a buyer, and before each kind of step of the clerk."""
    times: Counter[tuple[Actor, str]] = Counter()
    for step in list(steps_of_orders(history))[:KILLS_MAX]:
        times[step] += 1
        actor, action = step
        if actor == "first" or times[step] == 1:
            yield Fault(kind="kill", buyer=actor, before=action, nth=times[step])


def steps_of_orders(history: History) -> Iterator[tuple[Actor, str]]:
    """Yield the steps of orders, and of the clerk that carries them out; none of a search."""
    operations: dict[int | str, str] = {"clerk": BUY}
    for event in history.events:
        if event.type == "invoke":
            operations[event.process] = event.f
        elif event.type == "step" and operations.get(event.process) == BUY:
            yield ("clerk" if event.process == "clerk" else "first", event.f)


def _scenario(store: str, guard: str, lock: str | None) -> Scenario:
    given = {"store": store, "guard": guard, "buyers": BUYERS, "seed": 1, "control": False}
    scenario = from_flags(given if lock is None else {**given, "lock": lock})
    return scenario.but(tickets=TICKETS, timeout=TIMEOUT_S, search=False)
