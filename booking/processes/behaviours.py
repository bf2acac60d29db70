"""The built-in behaviours of buyers.

Any function that takes a `Buyer` is a behaviour: a scenario names it with
`behaviour = "module:function"`.
"""

from __future__ import annotations

import time

from booking.core.protocols import SOLD_OUT
from booking.processes.buyer import Buyer

ORDERS_MAX = 1_000_000  # a store that never sells out is defective
REFUSALS_MAX = 20  # in a row: what refuses them will not go away


def buy_once(buyer: Buyer) -> None:
    """Buy, without a search before."""
    buyer.buy()


def search_then_buy(buyer: Buyer) -> None:
    """Search, then buy, as the tutorial's buyer does."""
    buyer.search()
    buyer.buy()


def buy_until_sold_out(buyer: Buyer) -> None:
    """Buy repeatedly, until nothing is left or orders fail for another reason."""
    _buy_repeatedly(buyer, search=False)


def search_and_buy_until_sold_out(buyer: Buyer) -> None:
    """Search before each purchase, until nothing is left."""
    _buy_repeatedly(buyer, search=True)


def buy_for(buyer: Buyer, duration_s: float) -> None:
    """Buy repeatedly for `duration_s` seconds, or until nothing is left: a closed loop.

    A benchmark runs it, so each order costs one look at the clock and no more.
    """
    buy, now_s = buyer.buy, time.monotonic
    end_s = now_s() + duration_s
    while buy().error != SOLD_OUT and now_s() < end_s:
        pass


def _buy_repeatedly(buyer: Buyer, *, search: bool) -> None:
    refusals = 0
    for _ in range(ORDERS_MAX):
        if search:
            buyer.search()
        reply = buyer.buy()
        refusals = 0 if reply.type == "ok" else refusals + 1
        if reply.error == SOLD_OUT or reply.type == "info" or refusals > REFUSALS_MAX:
            return
