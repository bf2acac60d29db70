"""Add rows to the columns of an inventory."""

from __future__ import annotations

from typing import Any

from booking.checker.reading.inventory import Observations, Orders
from booking.history.model import Event


def append_methods(rows: Orders | Observations) -> tuple[Any, ...]:
    """Return the columns' bound `append`s: looking them up each time adds a third to `feed`."""
    columns = (
        rows.invoked,
        rows.returned,
        rows.number if isinstance(rows, Orders) else rows.value,
        rows.process,
        rows.index,
        rows.done,
    )
    appends: tuple[Any, ...] = tuple(column.append for column in columns)
    return (*appends, rows.quantity.append) if isinstance(rows, Orders) else appends


def add_row(
    rows: Orders, invoke: Event, complete: Event | None, quantity: int, number: int | str | None
) -> None:
    """Add an order to the columns, as it was invoked and completed."""
    rows.invoked.append(invoke.time)
    if complete is not None and complete.type != "info":
        rows.returned.append(complete.time)
    rows.quantity.append(quantity)
    rows.number.append(number)
    rows.process.append(invoke.process)
    rows.index.append(invoke.index)
    rows.done.append(complete.index if complete else None)


def add_observation(rows: Observations, invoke: Event, complete: Event, value: int) -> None:
    """Add an observation of `value` to the columns."""
    for append, field in zip(
        append_methods(rows),
        (invoke.time, complete.time, value, invoke.process, invoke.index, complete.index),
        strict=True,
    ):
        append(field)


def error_of(event: Event) -> str:
    """Return the error's name; other tools write `[:sold-out "…"]`, or put it into the value."""
    error: object = event.error if event.error is not None else event.value
    if isinstance(error, (list, tuple)) and error:
        error = error[0]
    return error if isinstance(error, str) else ""
