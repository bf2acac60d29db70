"""What every registered guard keeps to, on every store that can carry it."""

from __future__ import annotations

import pytest

from booking.core.catalogue import carries
from booking.core.scenario import from_flags
from booking.core.traits import guard_traits
from booking.errors import UsageError
from booking.experiments.sale import run_sale
from booking.history.actions import Action
from booking.testing import GuardContract
from tests.conftest import Sell
from tests.support.variants import GUARDS, STORES, contract_tests

PAIRS = [
    (store, guard)
    for store in STORES
    for guard in GUARDS
    if carries(STORES[store], GUARDS[guard]) and (store, guard) != ("json-inplace", "none")
]
SOUND = [(store, guard) for store, guard in PAIRS if guard_traits(GUARDS[guard]).sound is not False]
# A sale for each step of an order, or for one of them: another store repeats them only.
FIRST_STORE_ONLY = {
    "test_a_death_before_the_first_effect_harms_no_other",
    "test_a_death_before_any_effect_stops_no_other",
}
CLOCK = "test_time_lets_another_buyer_in_as_stated"  # it sleeps where a buyer is kept out
CLOCKED = {"lock", "lease", "lease-fenced"}
FIRST_STORE_OR_POSTGRES = {
    "test_a_death_before_the_last_effect_costs_one_order",
    "test_an_order_is_all_or_nothing",
}


def first(store: str, guard: str) -> bool:
    """Return whether this is the first store that carries the guard: the usual one for a sweep."""
    return store == next(name for name in STORES if carries(STORES[name], GUARDS[guard]))


def usual(store: str, guard: str, fact: str) -> bool:
    """Return whether the normal run tests a fact of a guard on a store."""
    if fact in FIRST_STORE_OR_POSTGRES:
        return store == "postgres" or first(store, guard)
    if fact == CLOCK and guard not in CLOCKED:
        return False
    return fact not in {*FIRST_STORE_ONLY, CLOCK} or first(store, guard)


class OurGuardContract(GuardContract):
    """The public contract, of which the normal run leaves some sales to `make test-all`."""

    pytestmark = pytest.mark.sweep(usual=usual)


globals().update(
    contract_tests(OurGuardContract, ({"store": store, "guard": guard} for store, guard in PAIRS))
)


@pytest.mark.sweep(usual=first)
@pytest.mark.parametrize("store, guard", SOUND)
def test_the_same_sale_without_it_races(sell: Sell, store: str, guard: str) -> None:
    """So the guard was put to the test."""
    sale = sell(store=store, guard=guard, search=False)
    assert (sale["verdict"], sale["control"]["verdict"]) == ("valid", "invalid")


@pytest.mark.parametrize("store, guard", PAIRS)
def test_every_step_of_ours_is_a_known_action(sell: Sell, store: str, guard: str) -> None:
    """So that every mode knows what it does to its resource."""
    sale = sell(store=store, guard=guard, buyers=1, search=False, control=False)
    steps = {event["f"] for event in sale["events"] if event["type"] == "step"}
    assert steps <= set(Action)


@pytest.mark.parametrize("store", [name for name in STORES if name != "json-inplace"])
def test_no_guard_is_no_guard(sell: Sell, store: str) -> None:
    """The naive purchase oversells on every store that buyers share."""
    sale = sell(store=store)
    assert sale["verdict"] == "invalid"
    assert {anomaly["name"] for anomaly in sale["anomalies"]} >= {"oversell", "lost-update"}


@pytest.mark.parametrize(
    "store", [name for name in STORES if carries(STORES[name], GUARDS["compensate"])]
)
def test_a_buyer_that_dies_before_it_puts_back_loses_what_it_took(sell: Sell, store: str) -> None:
    """`compensate`: a refused order takes first, so its buyer's death loses tickets."""
    sale = sell(
        store=store, guard="compensate", buyers=1, quantity=2, tickets=1, search=False,
        control=False, faults=[{"kind": "kill", "before": "add", "nth": 2}],
    )  # fmt: skip
    assert sale["remaining"] == -1
    assert "negative-stock" in {anomaly["name"] for anomaly in sale["anomalies"]}


@pytest.mark.sweep(usual=lambda store: store == "sqlite")
@pytest.mark.parametrize(
    "store", [name for name in STORES if carries(STORES[name], GUARDS["lease"])]
)
@pytest.mark.parametrize("guard, sound", [("lease", False), ("lease-fenced", True)])
def test_a_holder_paused_past_its_lease(sell: Sell, store: str, guard: str, sound: bool) -> None:
    """Without fencing it writes over what others sold; with fencing it is refused, and retries."""
    sale = sell(
        store=store, guard=guard, buyers=3, tickets=2, search=False, control=False,
        faults=[{"kind": "pause", "before": "write", "duration": "1500ms"}],
    )  # fmt: skip
    names = {anomaly["name"] for anomaly in sale["anomalies"]}
    assert (sale["answers"] == "valid") == sound, sale["reason"]
    assert sound or names >= {"oversell", "fenced-out-write"}
    assert sound == (sale["retries"] > 0)


UNSAFE = {
    "queue": {"kind": "kill", "buyer": "clerk", "before": "read"},  # with an order in its hands
}


@pytest.mark.parametrize("guard", sorted(GUARDS))
def test_a_guard_that_is_not_crash_safe_is_seen_to_hang(sell: Sell, guard: str) -> None:
    """The fact `crash_safe = False` is shown by a death, as `True` is by the contract."""
    assert (guard_traits(GUARDS[guard]).crash_safe is False) == (guard in UNSAFE)
    if guard in UNSAFE:
        sale = sell(guard=guard, buyers=2, faults=[UNSAFE[guard]], timeout="1s", control=False)
        assert sale["processes"]["hung"] > 0


def test_a_guard_that_the_store_cannot_carry_is_refused_with_those_that_it_can() -> None:
    """Before any process starts, in one line."""
    with pytest.raises(UsageError, match="guard atomic needs a store with AtomicStore") as caught:
        run_sale(from_flags({"store": "json", "guard": "atomic"}))
    assert str(caught.value).endswith("it can do: none, lock, queue, clerk")


def test_a_guard_that_releases_before_it_writes_is_found(sell: Sell) -> None:
    """The contract can fail, in a sale."""
    sale = sell(guard="tests.support.planted:EarlyRelease", lock="flock")
    assert sale["verdict"] == "invalid"
    assert sale["oversold"] > 0


def test_a_guard_that_turns_buyers_away_is_found(sell: Sell) -> None:
    """Tickets are left, and buyers were told that none are."""
    sale = sell(guard="tests.support.planted:PhantomGuard", buyers=4)
    assert sale["verdict"] == "invalid"
    assert sale["undersold"] == 2


def test_a_store_that_loses_tickets_is_found(sell: Sell) -> None:
    """The lock is right and the store is wrong."""
    sale = sell(store="tests.support.planted:DropsTickets", lock="flock", tickets=6, buyers=2)
    assert sale["verdict"] == "invalid"
    assert sale["lost"] == 2
