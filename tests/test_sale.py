"""The sale: oversold without a guard, sound with one, and honest about which it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.registry import members
from tests.conftest import Sell

LOCKS = [name for name, _ in members("lock")]
METHODS = ["fork", "spawn", "forkserver"]


def test_without_a_lock_it_oversells_fifty_times_in_a_row(sell: Sell) -> None:
    """Ten buyers, three tickets: never sound by luck."""
    for _ in range(50):
        sale = sell(buyers=10, tickets=3)
        assert sale["verdict"] == "invalid"
        assert "oversell" in [one["name"] for one in sale["anomalies"]]
        assert sale["sold"] > 3


def test_with_a_lock_it_is_sound_fifty_times_in_a_row(sell: Sell) -> None:
    """Three sold, none left, and the control raced each time."""
    for _ in range(50):
        sale = sell(buyers=10, tickets=3, lock="flock", delay="5ms..15ms")
        assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", 3, 0)
        assert sale["control"]["verdict"] == "invalid"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("store", ["json", "json-inplace"])
@pytest.mark.parametrize("lock", LOCKS)
def test_every_lock_is_sound_with_every_start_method(
    sell: Sell, lock: str, store: str, method: str
) -> None:
    """On a file that is replaced and on one that is written in place."""
    sale = sell(
        buyers=10, tickets=3, lock=lock, store=store, start_method=method, delay="10ms..20ms",
        control=False,
    )  # fmt: skip
    assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", 3, 0), sale["reason"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("lock", LOCKS)
def test_memory_is_never_sound(sell: Sell, lock: str, method: str) -> None:
    """A lock around ten copies guards nothing."""
    sale = sell(store="memory", lock=lock, start_method=method, buyers=4, control=False)
    assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("invalid", 4, 3)


def test_a_control_that_did_not_race_decides_nothing(sell: Sell) -> None:
    """One buyer cannot race: a lock was not put to the test, and that is no pass."""
    sale = sell(buyers=1, lock="flock")
    assert sale["verdict"] == "unknown"
    assert "more buyers or a longer delay" in sale["reason"]
    assert sell(buyers=1, lock="flock", control=False)["verdict"] == "valid"


def test_a_control_leaves_the_inventory_alone(sell: Sell, tmp_path: object) -> None:
    """It runs on a private copy."""
    path = f"{tmp_path}/data.json"
    sale = sell(store=f"json:{path}", tickets=5, buyers=3, lock="flock")
    assert (sale["verdict"], sale["remaining"]) == ("valid", 2)
    again = sell(store=f"json:{path}", buyers=1, lock="flock", control=False)
    assert (again["tickets"], again["remaining"]) == (2, 1)


def test_serial_is_sound_and_says_what_it_costs(sell: Sell) -> None:
    """Its control is the same sale with everybody together."""
    sale = sell(arrival="serial", buyers=6)
    assert (sale["verdict"], sale["control"]["verdict"]) == ("valid", "invalid")
    assert sale["elapsed_s"] > sale["control"]["elapsed_s"]


def test_a_planned_death_is_judged_and_an_unplanned_one_is_unknown(sell: Sell) -> None:
    """The order of the dead is of unknown outcome, and explains the ticket that is gone."""
    dies = [{"kind": "kill", "before": "release"}]
    sale = sell(lock="flock", faults=dies, control=False)
    assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", 2, 0)
    assert sale["operations"]["info"] == 1
    assert list(sale["processes"]["deaths"].values()) == ["died of SIGKILL"]


def test_the_json_document_has_every_field_that_scripts_rely_on(sell: Sell) -> None:
    """Fields may be added, none renamed."""
    sale = sell(lock="flock", buyers=4)
    assert {
        "verdict", "reason", "anomalies", "tickets", "sold", "remaining", "oversold", "undersold",
        "lost", "operations", "processes", "elapsed_s", "sales_per_s", "seed", "store", "guard",
        "lock", "control", "replay",
    } <= set(sale)  # fmt: skip
    assert {"started", "crashed", "alive", "zombies", "orphans"} <= set(sale["processes"])
    assert {"verdict", "sold", "oversold"} <= set(sale["control"])
    assert sale["sales_per_s"] == pytest.approx(sale["sold"] / sale["elapsed_s"])


sales = {
    "buyers": st.integers(1, 6),
    "tickets": st.integers(0, 8),
    "quantity": st.integers(1, 3),
    "delay": st.sampled_from(["0ms", "0ms..2ms", "1ms"]),
    "until_sold_out": st.booleans(),
    "lock": st.sampled_from(LOCKS),
    "seed": st.integers(0, 10**6),
}


def possible(buyers: int, tickets: int, quantity: int, until_sold_out: bool) -> int:
    """Give what a sound sale sells: orders are all or nothing."""
    orders = tickets // quantity
    return (orders if until_sold_out else min(buyers, orders)) * quantity


@settings(max_examples=40)
@given(st.fixed_dictionaries(sales))
def test_a_locked_sale_sells_what_is_wanted_and_what_there_is(
    sell: Sell, flags: dict[str, int]
) -> None:
    """Exactly the lesser of demand and tickets, for any sale; and the history adds up."""
    sale = sell(**flags, control=False)
    sold = possible(
        flags["buyers"], flags["tickets"], flags["quantity"], bool(flags["until_sold_out"])
    )
    assert (sale["verdict"], sale["sold"]) == ("valid", sold), sale["reason"]
    assert sale["remaining"] == flags["tickets"] - sold
    assert (sale["oversold"], sale["undersold"], sale["lost"]) == (0, 0, 0)
    numbers = [
        event["value"] - offset
        for event in sale["events"]
        if event["type"] == "ok" and event["f"] == "buy"
        for offset in range(event.get("quantity", 1))
    ]
    assert sorted(numbers) == list(range(flags["tickets"] - sold + 1, flags["tickets"] + 1))


@settings(max_examples=15)
@given(st.integers(2, 6), st.integers(1, 8))
def test_an_unlocked_sale_sells_one_ticket_twice(sell: Sell, buyers: int, tickets: int) -> None:
    """Everybody reads before anybody writes, as the delay is far longer than a read."""
    sale = sell(buyers=buyers, tickets=tickets, delay="40ms", search=False)
    assert sale["verdict"] == "invalid"
    names = {one["name"] for one in sale["anomalies"]}
    assert names & {"oversell", "double-sold"}
