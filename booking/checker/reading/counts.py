"""Settle the counts of each inventory at the start and at the end: recorded ones, or given ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from booking.checker.reading.inventory import Inventory, Key, Numbers
from booking.errors import HistoryError

if TYPE_CHECKING:
    from booking.checker.reading.columns import Columns


def settle_counts(columns: Columns) -> None:
    """Join what the frame records with what the caller gives; refuse what disagrees."""
    started = _Recorded(columns.sale.get("inventories"))
    ended = _Recorded(columns.end.inventories or None)
    _add_recorded(columns, started, ended)
    inventories = columns.inventories
    recorded_tickets, recorded_end = columns.sale.get("tickets"), columns.end.remaining
    if len(inventories) > 1:
        _require_one("--remaining", columns.remaining, inventories)
        if not ended.counts:
            _require_one("the line 'end' records as remaining", recorded_end, inventories)
            recorded_end = None
    for key, inventory in inventories.items():
        alone = recorded_tickets if key is None or not started.counts else None
        start = started.of(key, inventories, alone)
        end = ended.of(key, inventories, recorded_end if len(inventories) == 1 else None)
        _require_agreement("--tickets", columns.tickets, start)
        _require_agreement("--remaining", columns.remaining, end)
        inventory.tickets = columns.tickets if start is None else start
        inventory.remaining = columns.remaining if end is None else end
        inventory.unlogged = bool(columns.end.unlogged)
        if columns.naming.counting == "up":
            _count_down(inventory, columns.numbers)
    if len(inventories) == 1:
        alone_inventory = next(iter(inventories.values()))
        columns.tickets = alone_inventory.tickets
        end = alone_inventory.remaining
        columns.remaining = None if end is None else alone_inventory.shown(end)


class _Recorded:
    """Counts that a line of the frame has by key; in JSON every key is text."""

    def __init__(self, counts: Mapping[Any, int] | None) -> None:
        self.counts = {str(key): count for key, count in (counts or {}).items()}

    def of(self, key: Key, keys: Mapping[Key, Inventory], otherwise: int | None) -> int | None:
        """Return an inventory's count; refuse one that two inventories share."""
        if key is None or str(key) not in self.counts:
            return otherwise
        other = str(key) if isinstance(key, int) else _number(key)
        if other is not None and other in keys:
            raise HistoryError(
                f"the inventories {key!r} and {other!r} cannot be told apart in the history's "
                "frame: write keys as text or as numbers, not both"
            )
        return self.counts[str(key)]


def _number(text: str) -> int | None:
    """Return the number that has this text."""
    try:
        number = int(text)
    except ValueError:
        return None
    return number if str(number) == text else None


def _add_recorded(columns: Columns, *frames: _Recorded) -> None:
    """Add inventories on which nothing happened; `1` in the frame may be the number of an event."""
    for frame in frames:
        for text in frame.counts:
            if text not in columns.inventories and _number(text) not in columns.inventories:
                columns.inventories[text] = Inventory(text)
    if not columns.inventories:
        columns.inventories[None] = Inventory()


def _require_one(what: str, count: int | None, inventories: Mapping[Key, Inventory]) -> None:
    if count is not None:
        raise HistoryError(
            f"{what} {count} is the count of one inventory, and the history has {len(inventories)}"
        )


def _require_agreement(flag: str, given: int | None, recorded: int | None) -> None:
    if given is not None and recorded is not None and given != recorded:
        raise HistoryError(f"{flag} {given} disagrees with the history, which records {recorded}")


def _count_down(inventory: Inventory, numbers: Numbers) -> None:
    """Convert a counter of tickets sold into a count of tickets left."""
    tickets = inventory.tickets
    if tickets is None:
        return
    inventory.counts_up = True
    inventory.searches.value[:] = [tickets - value for value in inventory.searches.value]
    if numbers in {"before", "after"}:
        inventory.sold.number[:] = [
            tickets - number if isinstance(number, int) else number
            for number in inventory.sold.number
        ]
    if inventory.remaining is not None:
        inventory.remaining = tickets - inventory.remaining
