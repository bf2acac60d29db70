"""The names that a history has for its operations, and what its values mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from booking.checker.reading.inventory import Numbers
from booking.core.protocols import SOLD_OUT

Counting = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Naming:
    """The names that another tool's history uses, with ours as defaults.

    `numbers` states what an ok buy's value is: the count `before` it (ours), the count `after`
    it, a `seat` (an identity without an order), or nothing of use. None: as the values show.
    `counting` "up" means that the counter counts the tickets sold and not those left. Operations
    named in `ignore` are left out on purpose. `keyed`: every operation has a key.
    """

    buy: tuple[str, ...] = ("buy",)
    observe: tuple[str, ...] = ("search",)
    refund: tuple[str, ...] = ("refund",)
    sold_out: tuple[str, ...] = (SOLD_OUT,)
    counting: Counting = "down"
    numbers: Numbers | None = None
    ignore: tuple[str, ...] = ()
    keyed: bool = False
