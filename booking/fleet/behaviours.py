"""What buyers do. Any function that takes a `Buyer` will do: `behaviour = "module:function"`."""

from __future__ import annotations

from booking.contracts import SOLD_OUT
from booking.fleet.buyer import Buyer

ORDERS_MAX = 1_000_000  # a sale without end is a defect of its store


def buy_once(buyer: Buyer) -> None:
    """Buy, without looking first."""
    buyer.buy()


def search_then_buy(buyer: Buyer) -> None:
    """Look, then buy, as the tutorial's buyer does."""
    buyer.search()
    buyer.buy()


def buy_until_sold_out(buyer: Buyer) -> None:
    """Buy again and again, until there is nothing left or something else is in the way."""
    for _ in range(ORDERS_MAX):
        reply = buyer.buy()
        if reply.type != "ok":
            return


def search_and_buy_until_sold_out(buyer: Buyer) -> None:
    """Look before each purchase, until there is nothing left."""
    for _ in range(ORDERS_MAX):
        buyer.search()
        reply = buyer.buy()
        if reply.type != "ok" and reply.error in {SOLD_OUT, "lock-timeout"}:
            return
        if reply.type == "info":
            return
