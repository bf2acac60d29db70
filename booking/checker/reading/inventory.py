"""The operations on one inventory, as parallel lists: a row for each operation.

Times are nanoseconds, counts are tickets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from booking.history.model import Event

Key = str | int | None
# What an ok buy's value is: the count before it, the count after it, a seat, or nothing of use.
Numbers = Literal["before", "after", "seat", "none"]


Place = tuple[int | str, int]  # in the program of a process: its name, an invocation's index


class Program(NamedTuple):
    """Between which operations of which programs something took effect.

    A purchase with several attempts begins in the program of the first, and is over in the program
    of the one that was answered first. `begin` is None where two attempts began at one time.
    """

    begin: Place | None
    end: Place


@dataclass(slots=True)
class Orders:
    """Buys or refunds, a row each; `number` is what an ok buy answered, None where nothing."""

    invoked: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)  # empty where the outcome is unknown
    quantity: list[int] = field(default_factory=list)
    number: list[int | str | None] = field(default_factory=list)
    process: list[int | str] = field(default_factory=list)
    index: list[int] = field(default_factory=list)  # of the invocation
    done: list[int | None] = field(default_factory=list)  # of the completion, if there is one
    error: list[str] = field(default_factory=list)  # only where an order was refused


@dataclass(slots=True)
class Observations:
    """Searches that answered `value`, or sold-outs answered to an order of `value` tickets."""

    invoked: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    process: list[int | str] = field(default_factory=list)
    index: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Attempt:
    """One of the attempts at what a buyer meant once (its `intent`)."""

    invoke: Event
    complete: Event | None
    ok: bool  # False: its outcome is unknown


@dataclass(slots=True)
class Inventory:
    """All that happened to one count of tickets."""

    key: Key = None
    tickets: int | None = None
    remaining: int | None = None
    counts_up: bool = False  # the history counts tickets sold; the columns have been converted
    sold: Orders = field(default_factory=Orders)
    maybe: Orders = field(default_factory=Orders)  # outcome unknown: may have happened
    refused: Orders = field(default_factory=Orders)  # did not happen, for another reason
    refunded: Orders = field(default_factory=Orders)
    maybe_refunded: Orders = field(default_factory=Orders)
    searches: Observations = field(default_factory=Observations)
    sold_outs: Observations = field(default_factory=Observations)
    torn: Observations = field(default_factory=Observations)  # read half a write; no value
    intents: dict[str | int, list[Attempt]] = field(default_factory=dict)
    intent_of_refused: dict[int, str | int] = field(default_factory=dict)  # by its invocation
    # An operation was invoked at the very time at which the last one of its process completed,
    # so the times alone do not show the order of the two.
    touches: bool = False
    # Purchases with several attempts, by index, where times touch.
    programs: dict[int, Program] = field(default_factory=dict)
    unlogged: bool = False  # an event log is missing or short: any number of orders besides

    def rows(self) -> tuple[Orders | Observations, ...]:
        """Return all columns; a torn read of an order is among the refused ones, too."""
        return (
            self.sold, self.maybe, self.refused, self.refunded, self.maybe_refunded,
            self.searches, self.sold_outs,
        )  # fmt: skip

    def shown(self, count: int) -> int:
        """Return a count of tickets left as the history writes it."""
        return self.tickets - count if self.counts_up and self.tickets is not None else count

    @property
    def has_refunds(self) -> bool:
        """Whether the count can rise."""
        return bool(self.refunded.invoked or self.maybe_refunded.invoked)
