"""The order that explains a history is replayed by a function that can say no."""

from __future__ import annotations

from booking.checker import decide
from booking.checker.linearization import replay
from tests.support.checking import columns_of
from tests.support.histories import history_of
from tests.support.planted_histories import buy, search


def test_replaying_notices_a_wrong_order():
    ops = [buy(1, 0, 1, 3), buy(2, 2, 3, 2), search(3, 4, 5, 1)]
    columns = columns_of(history_of(ops, 3, 1))
    (inventory,) = columns.inventories.values()
    right = decide(columns, want_order=True).order
    assert right == [0, 2, 4]
    assert replay(inventory, 3, "before", right) is None
    assert replay(inventory, 3, "before", [2, 0, 4]) is not None
    assert replay(inventory, 3, "before", right[:2]) is not None
    assert replay(inventory, 4, "before", right) is not None
    inventory.remaining = 0
    assert replay(inventory, 3, "before", right) is not None
