"""Read what an order's two values mean: a quantity, a change of the count, a number, a seat.

No buyer knows its ticket beforehand, so a value that an invocation carries is what was asked for:
a quantity (`:f :take, :value 2`), a change of a counter (`:f :add, :value -1`), or text (a seat, a
customer). An answer that repeats it may be an echo and no number at all. Only the whole history
tells. So such orders are kept apart, by the shape of their values, until the last event was read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from booking.checker.reading.inventory import Numbers
from booking.core.wording import counted
from booking.history.model import Event

QUANTITY_MAX = 2**63 - 1  # tickets that an order may ask for
PAIR = 2  # [delta result]

# What the invocation carried: nothing, a positive or a negative number, or text.
Asked = Literal["nothing", "plus", "minus", "text"]


class ValueRefusedError(ValueError):
    """A value has a type or a size that no order can have."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How an order was written: its name, what its invocation carried, whether a pair came back."""

    name: str
    asked: Asked
    is_pair: bool = False  # the answer was [delta result]


def is_size(quantity: object) -> bool:
    """Return whether so many tickets can be ordered."""
    return type(quantity) is int and 0 < quantity <= QUANTITY_MAX


def quantity_of(invoke: Event) -> tuple[int, Asked]:
    """Return how many tickets an order is about, and what its value is."""
    value, quantity = invoke.value, invoke.quantity
    asked: Asked = "nothing"
    if isinstance(value, str):
        asked = "text"
    elif value is not None:
        if type(value) is not int:
            raise ValueRefusedError(f"orders {value!r} tickets{_advice(value)}")
        if quantity != 1 and quantity != abs(value):
            raise ValueRefusedError(
                f"orders {counted(quantity, 'ticket')} by its quantity, and {value} by its value"
            )
        asked, quantity = ("minus" if value < 0 else "plus"), abs(value)
    if not is_size(quantity):
        raise ValueRefusedError(f"orders {quantity!r} tickets; 1 is the least, 2⁶³-1 the most")
    return quantity, asked


def number_of(invoke: Event, ok: Event, numbers: Numbers | None) -> tuple[int | str | None, bool]:
    """Return what an ok order answered, and whether it was the result of a pair.

    `True` only says that it was sold. In a history of seats any other value names one.
    """
    value, asked = ok.value, invoke.value
    if value is None or value is True:
        return (asked if numbers == "seat" and isinstance(asked, str) else None), False
    if type(value) is int:
        return value, False
    if numbers == "none":
        return None, False
    if isinstance(value, str) and numbers in {None, "seat"}:
        return value, False
    if isinstance(value, (list, tuple)) and type(asked) is int and len(value) == PAIR:
        delta, result = value
        if type(result) is int and delta == asked:
            return result, True
    if numbers == "seat" and isinstance(value, (list, tuple, dict)):
        return json.dumps(value, sort_keys=True, default=str), False
    raise ValueRefusedError(f"was sold {value!r}, which is no ticket's number{_advice(value)}")


def _advice(value: Any) -> str:
    if isinstance(value, (list, tuple)) and len(value) == PAIR:
        return " (give --keyed where values are [key, value])"
    return ""
