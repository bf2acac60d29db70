"""Show what one buyer did with a store by hand."""

from __future__ import annotations

from booking.core.order_execution import TORN_READ
from booking.core.protocols import SOLD_OUT, Reply
from booking.report.terminal.text import echo

NAMES = {
    name: name.replace("-", " ")
    for name in (SOLD_OUT, TORN_READ, "lock-timeout", "not-written", "queue-full", "no-answer")
}


def show_count(remaining: int) -> None:
    """Print how many tickets a store has left."""
    echo(f"{remaining} left")


def show_stock(count: int) -> None:
    """Print how many tickets were put into a store."""
    echo(f"{count} for sale")


def show_reply(buyer: str, quantity: int, reply: Reply) -> None:
    """Print what a buyer bought, or why the buyer got nothing."""
    echo(answer_of(buyer, quantity, reply))


def answer_of(buyer: str, quantity: int, reply: Reply) -> str:
    """Return what a buyer bought, or why the buyer got nothing."""
    if reply.type == "ok":
        return f"{buyer} bought {tickets(reply.ticket, quantity)}"
    return f"{buyer} got nothing: {spelt(reply.error or reply.type)}"


def spelt(error: str) -> str:
    """Return an error in words: a name of ours without hyphens, a stranger's as it is."""
    name, colon, detail = error.partition(":")
    return f"{NAMES.get(name, name)}{colon}{detail}"


def tickets(number: object, quantity: int) -> str:
    """Return the tickets of an order, by their numbers where the highest of them is known."""
    if isinstance(number, str):
        return f"ticket {number}"
    if not isinstance(number, int):
        return "1 ticket" if quantity == 1 else f"{quantity} tickets"
    return f"ticket {number}" if quantity == 1 else f"tickets {number - quantity + 1} to {number}"
