"""The sale: oversold without a guard, sound with one, and honest about which it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.core.registry import members
from booking.errors import InventoryError
from booking.stores.common.run_lock import file_run_lock
from tests.conftest import Sell

LOCKS = [name for name, _ in members("lock")]
METHODS = ["fork", "spawn", "forkserver"]
# Where an interpreter is started for each buyer, which takes ten times as long: one lock on one
# store is usual. The scenarios have a mutex with each start method.
STARTED = ("flock", "json", "spawn")
IN_A_ROW = [10, pytest.param(50, marks=pytest.mark.slow)]


@pytest.mark.parametrize("times", IN_A_ROW)
def test_without_a_lock_it_oversells_many_times_in_a_row(sell: Sell, times: int) -> None:
    """Ten buyers, three tickets: never sound by luck."""
    for _ in range(times):
        sale = sell(buyers=10, tickets=3)
        assert sale["verdict"] == "invalid"
        assert "oversell" in [one["name"] for one in sale["anomalies"]]
        assert sale["sold"] > 3


@pytest.mark.parametrize("times", IN_A_ROW)
def test_with_a_lock_it_is_sound_many_times_in_a_row(sell: Sell, times: int) -> None:
    """Three sold, none left, and the control raced each time."""
    for _ in range(times):
        sale = sell(buyers=10, tickets=3, lock="flock", delay="5ms..15ms")
        assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", 3, 0)
        assert sale["control"]["verdict"] == "invalid"


@pytest.mark.sweep(
    usual=lambda lock, store, method: method == "fork" or (lock, store, method) == STARTED
)
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


@pytest.mark.sweep(usual=lambda lock, method: lock == "flock" or method == "fork")
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


NOTHING_AT_STAKE = {
    "no tickets": ({"tickets": 0, "buyers": 4}, "there were no tickets"),
    "one buyer": ({"buyers": 1}, "there was one buyer; give --buyers 2 or more"),
    "one buyer again and again": (
        {"buyers": 1, "until_sold_out": True}, "there was one buyer; give --buyers 2 or more",
    ),
    "one after another": ({"arrival": "serial", "delay": "0ms"}, "no two orders overlapped"),
    "orders too large": ({"tickets": 1, "quantity": 2}, "of 10 orders none was answered with a"),
    "no answer": (
        {"guard": "tests.trust.guards:AnswersInfo", "lock": "flock"}, "of 10 orders none",
    ),
    "all are refused": (
        {"lock": "tests.trust.locks:SaysNo"}, "of 10 orders none was answered with a ticket (lock",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOTHING_AT_STAKE)
@pytest.mark.parametrize("lock", [None, "flock"])
def test_nothing_at_stake_is_no_pass(sell: Sell, case: str, lock: str | None) -> None:
    """Where nothing can go wrong, that nothing did shows nothing; the advice says what would."""
    flags, why = NOTHING_AT_STAKE[case]
    sale = sell(**{**({} if lock is None else {"lock": lock}), **flags}, control=False)
    assert sale["verdict"] == "unknown"
    assert sale["reason"].startswith(f"nothing was at stake: {why}")


def test_a_sale_without_its_control_says_so(sell: Sell) -> None:
    """A caveat: in the reason, and among what the verdict rests on."""
    sale = sell(lock="flock", control=False)
    assert sale["verdict"] == "valid"
    assert sale["reason"].endswith(
        "no control was run, so nothing shows that it races without its guard"
    )
    assert any(caveat.startswith("no control") for caveat in sale["caveats"])
    whole = sell(lock="flock")["caveats"]
    assert not any("no control" in caveat for caveat in whole)
    for word in ("bound", "quantities", "time-outs", "clock", "crash"):
        assert any(word in caveat for caveat in whole), word


def test_a_control_leaves_the_inventory_alone(sell: Sell, tmp_path: object) -> None:
    """It runs on a private copy."""
    path = f"{tmp_path}/data.json"
    sale = sell(store=f"json:{path}", tickets=5, buyers=3, lock="flock")
    assert (sale["answers"], sale["remaining"]) == ("valid", 2)
    again = sell(store=f"json:{path}", buyers=1, lock="flock", control=False)
    assert (again["tickets"], again["remaining"]) == (2, 1)


def test_serial_is_sound_and_says_what_it_costs(sell: Sell) -> None:
    """Its control is the same sale with every buyer together."""
    sale = sell(arrival="serial", buyers=6)
    assert (sale["verdict"], sale["control"]["verdict"]) == ("valid", "invalid")
    assert sale["elapsed_s"] > sale["control"]["elapsed_s"]


def test_a_planned_death_is_judged_and_an_unplanned_one_is_unknown(sell: Sell) -> None:
    """The order of the dead is of unknown outcome, and explains the ticket that is gone."""
    dies = [{"kind": "kill", "before": "release"}]
    sale = sell(lock="flock", faults=dies, control=False)
    assert (sale["answers"], sale["sold"], sale["remaining"]) == ("valid", 2, 0)
    assert sale["operations"]["info"] == 1
    assert list(sale["processes"]["deaths"].values()) == ["died of SIGKILL"]


@pytest.mark.parametrize("arrival", ["poisson:20", "serial"])
def test_a_lock_that_does_nothing_is_never_sound(sell: Sell, arrival: str) -> None:
    """Where buyers do not come together the control does not race either: nothing was shown."""
    lock = "tests.support.planted:NoLock"
    sale = sell(lock=lock, arrival=arrival, delay="0ms", buyers=3, seed=1, timeout="5s")
    assert sale["verdict"] != "valid"


def test_a_fault_that_never_strikes_shows_nothing(sell: Sell) -> None:
    """A step's name with a mistake in it is no pass."""
    sale = sell(faults=[{"kind": "kill", "before": "repalce"}], buyers=1)
    assert sale["verdict"] == "unknown"
    assert (
        "never struck (kill before repalce); steps that were taken: read, replace" in sale["reason"]
    )
    assert (
        "no buyer 9"
        in sell(faults=[{"kind": "kill", "before": "read", "buyer": 9}], buyers=2)["error"]
    )


def test_a_pause_excuses_no_death(sell: Sell) -> None:
    """Only the death that was planned was planned."""
    pause = [{"kind": "pause", "before": "read", "duration": "10ms"}]
    sale = sell(faults=pause, behaviour="tests.support.planted:buy_then_crash", buyers=1)
    assert sale["verdict"] == "unknown"
    assert "a mistake" in sale["reason"]


def test_a_pause_is_no_hang(sell: Sell) -> None:
    """However long it was planned to be."""
    pause = [{"kind": "pause", "before": "read", "duration": "1500ms"}]
    sale = sell(
        faults=pause, buyers=2, timeout="500ms", lock="flock", control=False, search=False
    )  # fmt: skip
    assert sale["answers"] == "valid", sale["reason"]


@pytest.mark.parametrize("behaviour, said", [
    ("nothing", "no buyer ordered anything"),
    ("vanish", "ended with exit code 0"),
    ("dawdle", "longer --timeout"),
    ("interrupt", "KeyboardInterrupt"),
])  # fmt: skip
def test_who_did_not_buy_shows_nothing(sell: Sell, behaviour: str, said: str) -> None:
    """Never a pass, and no hang where no buyer waits for any buyer."""
    sale = sell(behaviour=f"tests.support.planted:{behaviour}", buyers=2, timeout="1s")
    assert sale["verdict"] == "unknown"
    assert said in sale["reason"]


def test_who_cannot_be_waited_for_is_ended_all_the_same(sell: Sell) -> None:
    """A buyer may close the pipe by which its end is seen, or ignore a polite end."""
    sale = sell(behaviour="tests.support.planted:close_everything", buyers=2, timeout="1s")
    assert sale["verdict"] in {"unknown", "invalid"}
    assert sale["processes"]["alive"] == 0
    sale = sell(behaviour="tests.support.planted:ignore_sigterm", buyers=3, close_after="300ms")
    assert sale["processes"]["alive"] == 0


def test_quantities_may_be_large(sell: Sell) -> None:
    """As large as counts."""
    sale = sell(quantity=5 * 10**9, tickets=9 * 10**10, buyers=3, lock="flock")
    assert (sale["verdict"], sale["sold"]) == ("valid", 15 * 10**9)


@pytest.mark.parametrize("store, said", [
    ("NoReset", "has no reset, close"),
    ("FailsToBuild", "constructor fails: ValueError: no connection"),
    ("FailsToRead", "RuntimeError: no table"),
])  # fmt: skip
def test_a_mistake_in_a_store_of_ones_own_is_said_in_one_line(
    sell: Sell, store: str, said: str
) -> None:
    """It is the user's, not a defect of ours."""
    answer = sell(store=f"tests.support.planted:{store}")
    assert answer["exit_code"] == 2
    assert said in answer["error"]


def test_two_sales_on_one_file_are_not_blamed_for_each_other(tmp_path: Path) -> None:
    """The second one is refused, and the first one leaves nothing behind."""
    path = tmp_path / "data.json"
    with (
        file_run_lock(path),
        pytest.raises(InventoryError, match="another sale"),
        file_run_lock(path),
    ):
        pass
    with file_run_lock(path):
        assert {one.name for one in tmp_path.iterdir()} == {".data.json.sale"}
    assert not list(tmp_path.iterdir())


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


@settings(max_examples=20)
@given(st.fixed_dictionaries(sales))
def test_a_locked_sale_sells_what_is_wanted_and_what_there_is(
    sell: Sell, flags: dict[str, int]
) -> None:
    """Exactly the lesser of demand and tickets, for any sale; and the history adds up."""
    sale = sell(**flags, control=False)
    sold = possible(
        flags["buyers"], flags["tickets"], flags["quantity"], bool(flags["until_sold_out"])
    )
    answers = "valid" if sold else "unknown"  # where nothing is sold, nothing was at stake
    assert (sale["answers"], sale["sold"]) == (answers, sold), sale["reason"]
    assert sale["verdict"] in {answers, "unknown"}  # one buyer puts nothing at stake
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
    """Every buyer reads before any buyer writes, as the delay is far longer than a read."""
    sale = sell(buyers=buyers, tickets=tickets, delay="40ms", search=False)
    assert sale["verdict"] == "invalid"
    names = {one["name"] for one in sale["anomalies"]}
    assert names & {"oversell", "double-sold"}
