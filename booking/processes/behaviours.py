"""What buyers do. Any function that takes a `Buyer` will do: `behaviour = "module:function"`."""

from __future__ import annotations

from booking.core.protocols import SOLD_OUT
from booking.processes.buyer import Buyer

ORDERS_MAX = 1_000_000  # a sale without end is a defect of its store
REFUSALS_MAX = 20  # in a row: what is in the way will not go away


def buy_once(buyer: Buyer) -> None:
    """Buy, without looking first."""
    buyer.buy()


def search_then_buy(buyer: Buyer) -> None:
    """Look, then buy, as the tutorial's buyer does."""
    buyer.search()
    buyer.buy()


def buy_until_sold_out(buyer: Buyer) -> None:
    """Buy again and again, until there is nothing left or something else stays in the way."""
    _again_and_again(buyer, look=False)


def search_and_buy_until_sold_out(buyer: Buyer) -> None:
    """Look before each purchase, until there is nothing left."""
    _again_and_again(buyer, look=True)


def _again_and_again(buyer: Buyer, *, look: bool) -> None:
    refusals = 0
    for _ in range(ORDERS_MAX):
        if look:
            buyer.search()
        reply = buyer.buy()
        refusals = 0 if reply.type == "ok" else refusals + 1
        if reply.error == SOLD_OUT or reply.type == "info" or refusals > REFUSALS_MAX:
            return
