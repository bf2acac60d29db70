"""What every database store shares: how tickets are spread, and how many a pool holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.errors import InventoryError
from booking.stores.common.database import POOL_MAX, ensure_pool_fits, shares


@given(st.integers(0, 10**15), st.integers(1, 100))
def test_shares_are_even_and_lose_nothing(count: int, shards: int) -> None:
    """They differ by one ticket at most."""
    parts = shares(count, shards)
    assert len(parts) == shards
    assert sum(parts) == count
    assert max(parts) - min(parts) <= 1


def test_a_pool_holds_so_many_tickets_and_no_more() -> None:
    """The error names the guard that has no such limit."""
    ensure_pool_fits(POOL_MAX)
    with pytest.raises(InventoryError, match="--guard shards"):
        ensure_pool_fits(POOL_MAX + 1)
