"""Estimate what a sale takes in memory, before it starts.

The harness holds all events of a sale at its end, and those of the sale before while the control
runs. The figures were measured; `tests/e2e/test_memory_limits.py` holds them against peaks.
"""

from __future__ import annotations

from booking.core.scenario import Scenario
from booking.core.wording import counted
from booking.system.memory import Need, ensure_fits

EVENT_BYTES = 380  # in the harness
ORDER_BYTES = 220  # what the check adds
BUYER_BYTES = {"fork": 6 << 20, "forkserver": 12 << 20, "spawn": 24 << 20}
STEPS_OF_GUARD = {"none": 2, "atomic": 1}
STEPS_USUAL = 4  # of one order: acquire, read, replace, release
SEARCH_EVENTS = 3
SALES_PER_S_MAX = 20_000  # what a machine sells in a sale that ends with the clock


def ensure_memory(scenario: Scenario, tickets: int | None) -> None:
    """Raise `CapacityError` where a sale of so many tickets would not fit into memory."""
    orders, buyers = orders_of(scenario, tickets), scenario.buyers
    history = orders * order_bytes(scenario)
    if scenario.guarded and scenario.control:
        history *= 2
    present = 1 if scenario.arrival == "serial" else buyers
    each = BUYER_BYTES[scenario.start_method]

    def fewer(room: int) -> str:
        if present * each > history:
            return f"give --buyers {max(1, room // each)} or less"
        flag = "--buyers" if orders == buyers else "--tickets"
        return f"give {flag} {max(1, room * orders // max(1, history))} or less"

    what = f"{counted(buyers, 'buyer')} with {orders:,} orders"
    ensure_fits(
        what,
        Need(history, history + present * each),
        fewer,
    )


def order_bytes(scenario: Scenario) -> int:
    """Return what one order of a sale takes in the harness, with its search and its steps."""
    events = 2 + STEPS_OF_GUARD.get(scenario.guard, STEPS_USUAL)
    if scenario.search:
        events += SEARCH_EVENTS
    return events * EVENT_BYTES + ORDER_BYTES


def orders_of(scenario: Scenario, tickets: int | None) -> int:
    """Return how many orders a sale has: until it is sold out, as many as there are tickets."""
    buyers = scenario.buyers
    repeated = scenario.until_sold_out or scenario.buy_for is not None
    if not repeated or tickets is None:
        return buyers
    orders = tickets // scenario.quantity + buyers  # the last one of each buyer finds none
    if scenario.buy_for is None:
        return orders
    return min(orders, int(scenario.buy_for * SALES_PER_S_MAX) + buyers)
