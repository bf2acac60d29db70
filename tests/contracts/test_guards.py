"""What every registered guard keeps to, on every store that can carry it."""

from __future__ import annotations

import pytest

from booking.core.catalogue import carries
from booking.core.scenario import from_flags
from booking.errors import UsageError
from booking.experiments.sale import run_sale
from tests.conftest import Sell
from tests.support.variants import GUARDS, STORES

PAIRS = [
    pytest.param(store, guard, id=f"{store}-{guard}")
    for store in STORES
    for guard in GUARDS
    if carries(STORES[store], GUARDS[guard]) and (store, guard) != ("json-inplace", "none")
]
SOUND = [pair for pair in PAIRS if getattr(GUARDS[str(pair.values[1])], "sound", True)]
SAFE = [pair for pair in PAIRS if getattr(GUARDS[str(pair.values[1])], "crash_safe", False)]


def first(store: str, guard: str) -> bool:
    """Return whether this is the first store that carries the guard: the usual one for a sweep."""
    return store == next(name for name in STORES if carries(STORES[name], GUARDS[guard]))


def first_or_postgres(store: str, guard: str) -> bool:
    """Return whether this is the first store of the guard, or the most different one."""
    return store == "postgres" or first(store, guard)


def two_at_once_or_first(store: str, guard: str, quantity: int) -> bool:
    """Return whether a ticket is left over, or any quantity on the first store of the guard."""
    return quantity == 2 or first(store, guard)


@pytest.mark.sweep(usual=two_at_once_or_first)
@pytest.mark.parametrize("store, guard", SOUND)
@pytest.mark.parametrize("quantity, tickets, sold", [(1, 5, 5), (2, 5, 4), (3, 2, 0)])
def test_a_guarded_sale_sells_what_it_can_and_no_more(
    sell: Sell, store: str, guard: str, quantity: int, tickets: int, sold: int
) -> None:
    """An order is all or nothing: what is left over is less than any buyer wants."""
    sale = sell(
        store=store, guard=guard, buyers=8, tickets=tickets, quantity=quantity, control=False,
        delay="1ms..5ms", search=False,
    )  # fmt: skip  # (a search outside the guard may meet a file that is written in place)
    assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", sold, tickets - sold)
    assert sale["undersold"] == 0
    assert sale["operations"]["info"] == 0


@pytest.mark.sweep(usual=first)
@pytest.mark.parametrize("store, guard", SOUND)
def test_the_same_sale_without_it_races(sell: Sell, store: str, guard: str) -> None:
    """So the guard was put to the test."""
    sale = sell(store=store, guard=guard, search=False)
    assert (sale["verdict"], sale["control"]["verdict"]) == ("valid", "invalid")


@pytest.mark.parametrize("store, guard", SOUND)
def test_many_orders_of_few_buyers_are_sold_once_each(sell: Sell, store: str, guard: str) -> None:
    """Buyers who come again and again, as fast as they can."""
    sale = sell(
        store=store, guard=guard, buyers=4, tickets=40, until_sold_out=True, search=False,
        delay="0ms..1ms", control=False,
    )  # fmt: skip
    assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", 40, 0)


@pytest.mark.sweep(usual=first)
@pytest.mark.parametrize("store, guard", SOUND)
def test_a_buyer_killed_before_the_first_effect_harms_nobody(
    sell: Sell, store: str, guard: str
) -> None:
    """Nothing was taken: the others buy all there is, and no buyer waits for the dead."""
    first = _steps(sell, store, guard)[0]
    sale = _killed(sell, store, guard, first)
    assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", 3, 0)
    assert sale["operations"]["info"] == 1


@pytest.mark.sweep(usual=first_or_postgres)
@pytest.mark.parametrize("store, guard", SOUND)
def test_a_buyer_killed_before_the_last_effect_costs_one_ticket_at_most(
    sell: Sell, store: str, guard: str
) -> None:
    """Whatever it held comes back, or its order is of unknown outcome: never sold twice.

    A guard that says it is not `crash_safe` may leave the others waiting: `queue` sends from a
    thread of the buyer's, which the kill meets in the middle, with the lock of the queue, or not.
    """
    last = _steps(sell, store, guard)[-1]
    sale = _killed(sell, store, guard, last)
    assert sale["oversold"] == 0
    if sale["processes"]["hung"]:
        assert not GUARDS[guard].crash_safe
        assert {one["name"] for one in sale["anomalies"]} <= {"hang", "stale-lock", "undersell"}
        return
    assert sale["verdict"] == "valid", sale["reason"]
    assert sale["sold"] in {2, 3}
    assert sale["sold"] + sale["remaining"] + sale["lost"] == 3


@pytest.mark.sweep(usual=first)
@pytest.mark.parametrize("store, guard", SAFE)
def test_a_guard_that_says_so_goes_on_whichever_step_a_buyer_dies_before(
    sell: Sell, store: str, guard: str
) -> None:
    """No buyer hangs, and nothing is lost but what the dead buyer may have bought."""
    for step in dict.fromkeys(_steps(sell, store, guard)):
        sale = _killed(sell, store, guard, step)
        assert (sale["verdict"], sale["processes"]["hung"]) == ("valid", 0), (step, sale["reason"])
        assert sale["sold"] + sale["remaining"] + sale["lost"] == 3
        assert sale["lost"] <= sale["operations"]["info"] == 1


def _steps(sell: Sell, store: str, guard: str) -> list[str]:
    """Give the steps of one purchase, as they are announced."""
    sale = sell(store=store, guard=guard, buyers=1, search=False, control=False)
    steps = [event for event in sale["events"] if event["type"] == "step"]
    return [event["f"] for event in steps if event["process"] != "clerk"]


def _killed(sell: Sell, store: str, guard: str, before: str) -> dict[str, object]:
    lock = {"lock": "flock"} if guard == "lock" else {}
    sale = sell(
        store=store, guard=guard, buyers=6, tickets=3, search=False, control=False,
        faults=[{"kind": "kill", "before": before}], **lock,
    )  # fmt: skip
    processes = sale["processes"]
    assert processes["crashed"] == 1 or processes["hung"]
    return sale


@pytest.mark.parametrize("store, guard", PAIRS)
def test_every_attempt_announces_its_steps(sell: Sell, store: str, guard: str) -> None:
    """An order without a step would be one that no fault plan and no explorer can see."""
    steps = _steps(sell, store, guard)
    assert steps
    assert set(steps) <= {
        "read", "write", "replace", "truncate", "take", "add", "claim", "compare-and-set",
        "acquire", "release", "send", "receive",
    }  # fmt: skip


@pytest.mark.parametrize("store", [name for name in STORES if name != "json-inplace"])
def test_no_guard_is_no_guard(sell: Sell, store: str) -> None:
    """The naive purchase oversells on every store that buyers share."""
    sale = sell(store=store)
    assert sale["verdict"] == "invalid"
    assert {one["name"] for one in sale["anomalies"]} >= {"oversell", "lost-update"}


@pytest.mark.parametrize(
    "store", [name for name in STORES if carries(STORES[name], GUARDS["compensate"])]
)
def test_whoever_dies_before_putting_back_loses_what_it_took(sell: Sell, store: str) -> None:
    """`compensate`: a refused order takes first, so its death takes tickets along."""
    sale = sell(
        store=store, guard="compensate", buyers=1, quantity=2, tickets=1, search=False,
        control=False, faults=[{"kind": "kill", "before": "add", "nth": 2}],
    )  # fmt: skip
    assert sale["remaining"] == -1
    assert "negative-stock" in {one["name"] for one in sale["anomalies"]}


@pytest.mark.parametrize(
    "store", [name for name in STORES if carries(STORES[name], GUARDS["lease"])]
)
@pytest.mark.parametrize("guard, sound", [("lease", False), ("lease-fenced", True)])
def test_a_holder_paused_past_its_lease(sell: Sell, store: str, guard: str, sound: bool) -> None:
    """Without fencing it writes over what others sold; with it, it is refused and starts again."""
    sale = sell(
        store=store, guard=guard, buyers=3, tickets=2, search=False, control=False,
        faults=[{"kind": "pause", "before": "write", "duration": "1500ms"}],
    )  # fmt: skip
    names = {one["name"] for one in sale["anomalies"]}
    assert (sale["verdict"] == "valid") == sound, sale["reason"]
    assert sound or names >= {"oversell", "fenced-out-write"}
    assert sound == (sale["retries"] > 0)


def test_a_guard_that_the_store_cannot_carry_is_refused_with_those_that_it_can() -> None:
    """Before any process is started, in one line."""
    with pytest.raises(UsageError, match="guard atomic needs a store with AtomicStore") as caught:
        run_sale(from_flags({"store": "json", "guard": "atomic"}))
    assert str(caught.value).endswith("it can do: none, lock, queue, clerk")


def test_a_guard_that_releases_before_it_writes_is_found(sell: Sell) -> None:
    """The tests above can fail."""
    sale = sell(guard="tests.support.planted:EarlyRelease", lock="flock")
    assert sale["verdict"] == "invalid"
    assert sale["oversold"] > 0


def test_a_guard_that_turns_buyers_away_is_found(sell: Sell) -> None:
    """Tickets are left, and buyers were told that there are none."""
    sale = sell(guard="tests.support.planted:PhantomGuard", buyers=4)
    assert sale["verdict"] == "invalid"
    assert sale["undersold"] == 2


def test_a_store_that_loses_tickets_is_found(sell: Sell) -> None:
    """The lock is right and the store is wrong."""
    sale = sell(store="tests.support.planted:DropsTickets", lock="flock", tickets=6, buyers=2)
    assert sale["verdict"] == "invalid"
    assert sale["lost"] == 2
