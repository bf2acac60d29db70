"""Confirm a proof about a user's own code: what one process cannot show, real processes may.

An exploration runs in one process and never waits. A class attribute is shared there and
nowhere else, and a lock that breaks in after a while never gets the time to do so. So sales of
real processes press the code before a proof is believed: many orders at once until nothing is left.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from booking.core.assembly import Assembly
from booking.core.durations import Span
from booking.core.protocols import TICKETS_MAX
from booking.core.registry import BUILT_IN, resolve
from booking.core.scenario import Scenario
from booking.core.verdict import Outcome
from booking.experiments.lock_probe import probe
from booking.experiments.sale import run_sale
from booking.explorer.execution import in_one_line
from booking.explorer.transition import Caveat

BUYERS = 4
TICKETS = 40
ORDERS_MIN = 10  # of large quantities
DELAY = Span(0.0, 0.002)
SEEDS = range(3)
PRESS_S = 0.7  # no further seed is begun after that; each quantity has one at least
ENOUGH_S = 2.0  # of one sale: code that sells for ever is found out by then
TIMEOUT_S = 5.0  # at most: a sale without a step for so long hangs
WHERE = "a sale of real processes"

_pressed: dict[tuple[Any, ...], list[Caveat]] = {}  # of code and sales that were run already


def caveats_of(assembly: Assembly, quantities: Sequence[int]) -> list[Caveat]:
    """Return what speaks against a proof; nothing where store, lock and guard are ours.

    `quantities` are those of the orders that were explored.
    """
    if assembly.all_built_in:
        return []
    return _torture(assembly.lock_name) or _press(assembly, quantities)


def _press(assembly: Assembly, quantities: Sequence[int]) -> list[Caveat]:
    """Sell in real processes, where nothing is shared by a class or a module; once for each case.

    A test of a user asks again for every order of steps.
    """
    scenario = assembly.scenario
    sales = [_pressing(scenario, quantity) for quantity in sorted(set(quantities))]
    names = (("store", assembly.store_name), ("guard", scenario.guard), ("lock", scenario.lock))
    classes = tuple(resolve(kind, name) for kind, name in names if name is not None)
    key = (classes, *(sale.model_dump_json() for sale in sales))
    if key not in _pressed:
        _pressed[key] = _run(sales)
    return list(_pressed[key])


def _pressing(scenario: Scenario, quantity: int) -> Scenario:
    """Return a sale that presses; its last tickets are fewer than an order, where that can be."""
    orders = max(ORDERS_MIN, TICKETS // quantity)
    return scenario.but(
        buyers=BUYERS, tickets=min(orders * quantity + quantity - 1, TICKETS_MAX),
        quantity=quantity, until_sold_out=scenario.search,
        buy_for=None if scenario.search else ENOUGH_S, behaviour=None, seed=0,
        arrival="together", delay=DELAY, control=False, faults=[], close_after=None,
        acquire_timeout=None, timeout=min(scenario.timeout, TIMEOUT_S),
    )  # fmt: skip


def _run(sales: Sequence[Scenario]) -> list[Caveat]:
    """Run each sale once, and with other seeds while there is time, until one is not sound."""
    begun_s = time.monotonic()
    for seed in SEEDS:
        for sale in sales:
            if seed and time.monotonic() - begun_s > PRESS_S:
                return []
            if story := _story(sale.but(seed=seed)):
                return [Caveat(story, WHERE)]
    return []


def _story(scenario: Scenario) -> str | None:
    """Return what a sale says against the proof; None where it is sound, and sold something."""
    try:
        verdict = run_sale(scenario).verdict
    except Exception as error:  # the user's code may raise anything
        return f"it could not be run: {in_one_line(error)}"
    if verdict.outcome is Outcome.VALID:
        return None
    told = "fail" if verdict.outcome is Outcome.INVALID else "do not confirm it"
    return f"sound when explored in one process, but real processes {told}: {verdict.reason}"


def _torture(name: str | None) -> list[Caveat]:
    """Torture the lock alone: the search itself never waits. A built-in one is tested elsewhere."""
    if name is None or name in BUILT_IN["lock"]:
        return []
    return [
        Caveat(f"tortured alone in real processes, {fault}", name) for fault in probe(name).faults
    ]
