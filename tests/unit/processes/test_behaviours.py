"""The closed loop: a buyer orders again until the time is up."""

from __future__ import annotations

from booking.core.protocols import Reply
from booking.core.scenario import Scenario
from booking.processes.behaviours import buy_for
from booking.processes.buyer_process import behaviour_of


class ThirdTime:
    """A buyer that is refused the third time, because nothing is left."""

    def __init__(self) -> None:
        self.orders = 0

    def buy(self) -> Reply:
        self.orders += 1
        return Reply("fail", error="sold-out") if self.orders == 3 else Reply("ok", ticket=1)


def test_a_buyer_orders_again_until_nothing_is_left() -> None:
    """However much time there is."""
    buyer = ThirdTime()
    buy_for(buyer, 3600.0)  # type: ignore[arg-type]  # only `buy` is used
    assert buyer.orders == 3


def test_a_buyer_orders_once_where_there_is_no_time() -> None:
    """The order that was begun is carried out."""
    buyer = ThirdTime()
    buy_for(buyer, 0.0)  # type: ignore[arg-type]  # only `buy` is used
    assert buyer.orders == 1


def test_a_scenario_with_a_time_has_that_behaviour() -> None:
    """With its time; a named behaviour takes precedence."""
    buyer = ThirdTime()
    behaviour_of(Scenario(buy_for=0.0))(buyer)  # type: ignore[arg-type]  # only `buy` is used
    assert buyer.orders == 1
    named = behaviour_of(Scenario(buy_for=3600.0, behaviour="buy-once"))
    buyer = ThirdTime()
    named(buyer)  # type: ignore[arg-type]  # only `buy` is used
    assert buyer.orders == 1
