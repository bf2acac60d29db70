"""Settle what only the whole history tells: what values mean, and each inventory's counts."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from booking.checker.reading.counts import settle_counts
from booking.checker.reading.inventory import Attempt, Inventory, Numbers, Observations, Orders
from booking.checker.reading.order_values import Shape
from booking.errors import HistoryError

if TYPE_CHECKING:
    from booking.checker.reading.columns import Columns

_ORDERS = ("sold", "maybe", "refused", "refunded", "maybe_refunded")
_OBSERVATIONS = ("searches", "sold_outs", "torn")


def settle(columns: Columns) -> None:
    """Place the orders that were kept apart, and give each inventory its counts.

    Where answers may be numbers or echoes of what was asked for, the columns hold the numbers,
    and `as_echoes` holds the same history read the other way.
    """
    numbers, keeps_values, is_ambiguous = _meaning(columns)
    if is_ambiguous:
        other = copy.copy(columns)
        other.inventories = {key: _copied(one) for key, one in columns.inventories.items()}
        other.valued = {place: _copied(one) for place, one in columns.valued.items()}
        _settle(other, _asked(columns) or "before", keeps_values=False, as_seats=False)
        columns.as_echoes = other
    as_seats = is_ambiguous and numbers == "seat"
    _settle(columns, numbers, keeps_values=keeps_values, as_seats=as_seats)
    for name, count in columns.left_out.items():
        columns.notes.append(f"left out, as --ignore says: {name} ({count:,})")
    if not columns.sale:  # our own sales have the errors that we know
        columns.notes += _refusals(columns)


def _refusals(columns: Columns) -> Iterator[str]:
    """Yield a note on purchases whose errors may mean that none was left, under another name."""
    errors = Counter(error for one in columns.inventories.values() for error in one.refused.error)
    if errors:
        listed = ", ".join(f"{error or 'no error'} ({count:,})" for error, count in errors.items())
        yield (
            f"purchases failed for reasons that prove no count: {listed}; --sold-out names the one "
            "that means none left"
        )


def _asked(columns: Columns) -> Numbers | None:
    """Return what the caller or the history's first line says that numbers mean."""
    recorded: Numbers | None = columns.sale.get("numbers")
    given = columns.naming.numbers
    if recorded is not None and given is not None and recorded != given:
        raise HistoryError(
            f"--numbers {given} disagrees with the history, which records {recorded!r}"
        )
    return given or recorded


def _meaning(columns: Columns) -> tuple[Numbers, bool, bool]:
    """Return what numbers mean, whether repeated values are numbers, and whether that is open."""
    asked = _asked(columns)
    if asked == "none":
        return asked, False, False
    if asked is not None:
        is_ambiguous = columns.echoes > 0 and columns.answers == 0
        return asked, True, is_ambiguous
    if any(shape.is_pair for _, shape in columns.valued):
        if columns.answers or columns.has_text or _has_plain_numbers(columns):
            raise HistoryError(
                "some purchases answer [delta result] and some a number: give --numbers before, "
                "after or seat"
            )
        return "after", False, False
    if columns.has_text:
        return "seat", columns.answers > 0, False
    if _repeats_text(columns):
        return "seat", True, columns.answers == 0
    return "before", columns.answers > 0, False


def _has_plain_numbers(columns: Columns) -> bool:
    inventories = columns.inventories.values()
    return any(number is not None for one in inventories for number in one.sold.number)


def _repeats_text(columns: Columns) -> bool:
    """Return whether an order carried text and was answered with it: a seat, or a name."""
    return any(
        number is not None
        for (_, shape), inventory in columns.valued.items()
        if shape.asked == "text"
        for number in inventory.sold.number
    )


def _settle(columns: Columns, numbers: Numbers, *, keeps_values: bool, as_seats: bool) -> None:
    columns.numbers = numbers
    signed = {shape.name for _, shape in columns.valued if shape.asked == "minus"}
    for (key, shape), apart in columns.valued.items():
        if not shape.is_pair and not keeps_values and not _is_seat_by_text(shape, numbers):
            apart.sold.number[:] = [None] * len(apart.sold.number)
        if shape.asked == "plus" and numbers == "seat":
            _name_seats(apart, orders=as_seats)
        into = columns.inventories[key]
        if shape.name in signed and shape.asked != "text" and _gives_back(shape, columns):
            _turn_into_refunds(apart, into)
        _merge(into, apart)
    columns.valued.clear()
    for inventory in columns.inventories.values():
        _drop_numbers(inventory, numbers)
    for key in [key for key, one in columns.inventories.items() if _is_empty(one)]:
        del columns.inventories[key]  # only operations that are not judged, or say nothing
    settle_counts(columns)


def _name_seats(apart: Inventory, *, orders: bool) -> None:
    """Read the values that refunds carry, and orders on demand, as seats and not as quantities."""
    for rows in (apart.refunded, apart.maybe_refunded):
        rows.number[:] = [
            quantity if number is None else number
            for number, quantity in zip(rows.number, rows.quantity, strict=True)
        ]
        rows.quantity[:] = [1] * len(rows.quantity)
    if orders:
        for rows in (apart.sold, apart.maybe, apart.refused):
            rows.quantity[:] = [1] * len(rows.quantity)
        apart.sold_outs.value[:] = [1] * len(apart.sold_outs.value)


def _drop_numbers(inventory: Inventory, numbers: Numbers) -> None:
    """Leave out numbers that mean nothing: all of them, or those of refunds."""
    if numbers == "none":
        inventory.sold.number[:] = [None] * len(inventory.sold.number)
    if numbers != "seat":
        for rows in (inventory.refunded, inventory.maybe_refunded):
            rows.number[:] = [None] * len(rows.number)


def _is_seat_by_text(shape: Shape, numbers: Numbers) -> bool:
    return shape.asked == "text" and numbers == "seat"


def _gives_back(shape: Shape, columns: Columns) -> bool:
    """Return whether a change of the counter goes against the direction of selling."""
    return shape.asked == ("minus" if columns.naming.counting == "up" else "plus")


def _turn_into_refunds(apart: Inventory, into: Inventory) -> None:
    """Make refunds of orders that move the count back; refused ones have not happened."""
    back = {*apart.sold.index, *apart.maybe.index}
    for old, new in (("sold", "refunded"), ("maybe", "maybe_refunded")):
        rows: Orders = getattr(apart, old)
        rows.number[:] = [None] * len(rows.number)
        _extend(getattr(apart, new), rows)
        setattr(apart, old, Orders())
    apart.refused, apart.sold_outs = Orders(), Observations()
    for intent, attempts in list(into.intents.items()):
        kept: list[Attempt] = [x for x in attempts if x.invoke.index not in back]
        into.intents[intent] = kept
        if not kept:
            del into.intents[intent]


def _merge(into: Inventory, apart: Inventory) -> None:
    for name in (*_ORDERS, *_OBSERVATIONS):
        _extend(getattr(into, name), getattr(apart, name))


def _extend(into: Orders | Observations, rows: Orders | Observations) -> None:
    for column in _columns_of(rows):
        getattr(into, column).extend(getattr(rows, column))


def _columns_of(rows: Orders | Observations) -> Iterable[str]:
    return rows.__slots__


def _is_empty(inventory: Inventory) -> bool:
    return not any(getattr(inventory, name).invoked for name in (*_ORDERS, *_OBSERVATIONS))


def _copied(inventory: Inventory) -> Inventory:
    """Copy an inventory's columns, but not what the two readings have in common."""
    rows = {}
    for name in (*_ORDERS, *_OBSERVATIONS):
        old = getattr(inventory, name)
        rows[name] = type(old)(**{column: [*getattr(old, column)] for column in _columns_of(old)})
    return replace(inventory, intents=dict(inventory.intents), **rows)
