"""The order that explains a history is replayed by a function that can say no."""

from __future__ import annotations

from booking.checker import decide
from booking.checker.counter.linearization import replay
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


def test_replaying_notices_a_program_out_of_order():
    """Both orders of one process touch at 1, so the times alone allow either."""
    ops = [buy(1, 0, 1), search(2, 1, 2, 2), buy(3, 1, 2)]
    columns = columns_of(history_of(ops, 3, 1))
    (inventory,) = columns.inventories.values()
    (first, second), (seen,) = inventory.sold.index, inventory.searches.index
    assert replay(inventory, 3, "before", [second, seen, first]) is None
    inventory.sold.process[1] = inventory.sold.process[0]
    assert "its process" in (replay(inventory, 3, "before", [second, seen, first]) or "")
    assert replay(inventory, 3, "before", [first, seen, second]) is None


def test_replaying_counts_what_was_given_back():
    ops = [buy(1, 0, 1, quantity=2), (2, "refund", 2, 3, "ok", None, 2, None), search(3, 4, 5, 3)]
    columns = columns_of(history_of(ops, 3, 3))
    (inventory,) = columns.inventories.values()
    assert replay(inventory, 3, "before", [0, 2, 4]) is None
    assert "does not occur" in (replay(inventory, 3, "before", [0]) or "")
    assert replay(inventory, 3, "before", [2, 0, 4]) is not None
    inventory.refunded.invoked[0] = inventory.sold.invoked[0] = 0
    assert replay(inventory, 3, "before", [2, 0, 4]) is None
    assert "to 5" in (replay(inventory, 3, "before", [2, 0, 4], most=3) or "")
