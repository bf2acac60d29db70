"""The closed loop: a buyer orders again until the time is up."""

from __future__ import annotations

import pytest

from booking.bench import workload
from booking.core.protocols import Reply


class Once:
    """A buyer who is answered "sold out" the third time."""

    def __init__(self) -> None:
        self.orders = 0

    def buy(self) -> Reply:
        self.orders += 1
        return Reply("fail", error="sold-out") if self.orders == 3 else Reply("ok", ticket=1)


def test_buyers_order_again_and_again_until_the_time_is_up() -> None:
    """Or until there is nothing left."""
    name = workload.behaviour(3600).partition(":")[2]
    buyer = Once()
    getattr(workload, name)(buyer)
    assert buyer.orders == 3
    buyer = Once()
    workload.for_0_ms(buyer)  # type: ignore[arg-type]
    assert buyer.orders == 1
    with pytest.raises(AttributeError):
        workload.for_ever  # noqa: B018
