"""The clerk: each buyer is served in turn, at most once; nothing is lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.core.protocols import Kit, Order, Place
from booking.errors import UsageError
from booking.guards.clerk import (
    ANSWER,
    NOT_WRITTEN,
    NOTHING_LEFT,
    ORDER,
    TORN,
    ClerkGuard,
    tickets_for,
)
from booking.guards.common import clerk_lock
from booking.locks.flock import FlockLock
from booking.locks.mutex import MutexLock
from booking.stores.common.spare_file import SpareFile
from booking.stores.json_replaced import JsonStore
from tests.conftest import Sell
from tests.support.sales import MANY


class CountingStore:
    """A store of one variable that counts how often it is written."""

    def __init__(self, tickets: int) -> None:
        self.tickets, self.writes = tickets, 0

    def reset(self, tickets: int) -> None:
        self.tickets = tickets

    def read(self) -> int:
        return self.tickets

    def write(self, remaining: int) -> None:
        self.tickets = remaining
        self.writes += 1

    def close(self) -> None:
        pass


def clerk(folder: Path, answer_timeout_s: float = 5.0) -> ClerkGuard:
    guard = ClerkGuard(Kit(FlockLock(folder / "data.json.lock"), 1.0, answer_timeout_s))
    guard.open(folder, 3)
    return guard


def batch(*quantities: int) -> list[tuple[int, int, int]]:
    return [(buyer, quantity, 1) for buyer, quantity in enumerate(quantities)]


@given(st.integers(0, 40), st.lists(st.integers(1, 5), max_size=30))
def test_a_batch_is_served_as_if_one_after_another(tickets: int, quantities: list[int]) -> None:
    """In the order of the queue, all or nothing each, with one write at most."""
    store = CountingStore(tickets)
    expected, left = [], tickets
    for quantity in quantities:
        expected.append(left if quantity <= left else NOTHING_LEFT)
        left -= quantity if quantity <= left else 0
    assert tickets_for(store, batch(*quantities)) == expected
    assert store.tickets == left
    assert store.writes == (left < tickets)


def test_every_buyer_learns_that_the_inventory_cannot_be_read(tmp_path: Path) -> None:
    """And the clerk goes on."""
    path = tmp_path / "data.json"
    path.write_text("")
    store = JsonStore(Place(str(path), tmp_path))
    assert tickets_for(store, batch(1, 1)) == [TORN, TORN]


def test_no_order_is_sold_where_the_write_fails(tmp_path: Path) -> None:
    """Its outcome is unknown; an order that is refused is refused either way."""
    store = JsonStore(Place(str(tmp_path / "data.json"), tmp_path))
    store.reset(1)
    store._spare = SpareFile(tmp_path / "no" / "folder")
    assert tickets_for(store, batch(1, 1)) == [NOT_WRITTEN, NOTHING_LEFT]


def test_a_late_answer_is_not_taken_for_the_next(tmp_path: Path) -> None:
    """Order 2 does not get the ticket of order 1."""
    guard = clerk(tmp_path)
    fd, _ = guard._open_answers(0)
    os.write(fd, ANSWER.pack(1, 5) + ANSWER.pack(2, 7))
    assert guard._receive(fd, 2) == 7
    guard.close()


@pytest.mark.parametrize("in_thread", [False, True])
def test_no_answer_is_an_unknown_outcome(tmp_path: Path, in_thread: bool) -> None:
    """Within the time limit, with an alarm or, in a thread, without; and the order stays queued."""
    guard = clerk(tmp_path, 0.05)
    replies = []

    def sell() -> None:
        replies.append(guard.sell(CountingStore(3), Order(1)))

    if in_thread:
        thread = threading.Thread(target=sell)
        thread.start()
        thread.join()
    else:
        sell()
    assert [(reply.type, reply.error) for reply in replies] == [("info", "no-answer")]
    assert guard._orders is not None
    assert os.read(guard._orders.fileno(), 100) == ORDER.pack(1, 1, 1)
    guard.close()


def test_an_order_that_met_a_full_queue_failed(tmp_path: Path) -> None:
    """Certainly: no clerk read it before the time limit."""
    guard = clerk(tmp_path, 0.02)
    assert guard._orders is not None
    for _ in range(guard._orders.shrink() // ORDER.size):
        os.write(guard._orders.fileno(), ORDER.pack(0, 1, 1))
    reply = guard.sell(CountingStore(3), Order(1))
    assert (reply.type, reply.error) == ("fail", "queue-full")
    guard.close()


def test_a_second_clerk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is a buyer with a lock, for as long as the clerk serves; afterwards neither."""
    monkeypatch.setattr(clerk_lock, "HANDOVER_S", 0)
    first, second = clerk(tmp_path), FlockLock(tmp_path / "data.json.lock")
    (tmp_path / "other").mkdir()
    refusals = []

    def meanwhile() -> None:
        assert not second.acquire(0)
        other = ClerkGuard(Kit(second, 1.0))
        other.open(tmp_path / "other", 1)
        with pytest.raises(UsageError, match="another clerk serves this inventory") as caught:
            other.serve(CountingStore(3), lambda: None)
        other.close()
        refusals.append(caught.value)

    first.dismiss()
    first.serve(CountingStore(3), meanwhile)
    first.close()
    assert len(refusals) == 1
    assert second.acquire(0)
    second.release()


def test_a_second_sale_over_one_inventory_is_refused(
    program: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """By the program, in one line, and nothing is sold."""
    (tmp_path / "data.json").write_text('{"ticket_num": 3}')
    lock = FlockLock(tmp_path / "data.json.lock")  # as a clerk holds it
    assert lock.acquire(0)
    for guard in ("clerk", "queue"):
        done = program("simulate", "--store", "json:data.json", "--guard", guard)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"booking: guard {guard}: another clerk serves")
    assert (tmp_path / "data.json").read_text() == '{"ticket_num": 3}'
    lock.release()


def test_a_lock_that_stays_locked_is_refused_to_a_clerk(tmp_path: Path) -> None:
    """The successor of a clerk that died would wait for ever."""
    with pytest.raises(UsageError, match="survives its clerk"):
        ClerkGuard(Kit(MutexLock(tmp_path / "lock"), 1.0))


@pytest.mark.parametrize("guard", ["clerk", "queue"])
def test_an_order_by_hand_has_no_clerk(
    program: Callable[..., CompletedProcess[str]], tmp_path: Path, guard: str
) -> None:
    """The error is one line."""
    (tmp_path / "data.json").write_text('{"ticket_num": 3}')
    done = program("buy", "--store", "json:data.json", "--guard", guard)
    assert done.returncode == 2
    assert "has a clerk only during a sale" in done.stderr


def steps(sale: dict[str, Any], process: int | str) -> list[dict[str, Any]]:
    events = sale["events"]
    return [event for event in events if event["type"] == "step" and event["process"] == process]


def test_every_step_of_the_clerk_is_in_the_history(sell: Sell) -> None:
    """The clerk alone touches the file, inside the lock; buyers only send and receive."""
    sale = sell(guard="clerk", buyers=3, tickets=2, control=False, search=False)
    done = [step["f"] for step in steps(sale, "clerk")]
    assert (done[0], done[-1]) == ("acquire", "release")
    assert set(done[1:-1]) == {"receive", "read", "replace", "send"}
    for buyer in range(3):
        announced = [(step["f"], step["resource"]) for step in steps(sale, buyer)]
        assert announced == [("send", "orders"), ("receive", f"answers-{buyer}")]


def early_answers(sale: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the answers that were sent before the count without their ticket was written."""
    written, early = 10**9, []
    for step in steps(sale, "clerk"):
        if step["f"] == "replace":
            written = step["value"]
        elif step["f"] == "send" and step["value"] > 0 and step["value"] <= written:
            early.append(step)
    return early


def test_the_clerk_answers_after_its_write(sell: Sell) -> None:
    """With --durable the document is on disk by then, and the folder's entry too."""
    sale = sell(guard="clerk", durable=True, control=False, **MANY)
    assert (sale["answers"], sale["sold"]) == ("valid", 60)
    assert early_answers(sale) == []
    assert early_answers(sell(guard="tests.support.planted:HastyClerk", **MANY))


def test_a_buyer_that_dies_after_it_sent_delays_no_other(sell: Sell) -> None:
    """Its order may have been served: the outcome is unknown, and every other buyer is answered."""
    fault = {"kind": "kill", "buyer": 2, "before": "receive"}
    sale = sell(guard="clerk", faults=[fault], buyers=6, tickets=9, control=False)
    assert sale["answers"] == "valid"
    assert sale["operations"] == {"ok": 5, "fail": 0, "info": 1}


def test_a_forgotten_order_is_unknown(sell: Sell) -> None:
    """It counts neither as sold nor as refused."""
    sale = sell(
        guard="tests.support.planted:ForgetfulClerk",
        buyers=4,
        tickets=9,
        timeout="400ms",
        control=False,
    )
    assert sale["operations"] == {"ok": 3, "fail": 0, "info": 1}


def test_a_full_queue_delays_buyers_and_loses_no_order(sell: Sell) -> None:
    """One place for eight buyers, and a clerk that comes late, when all of them are there."""
    late = {"kind": "pause", "buyer": "clerk", "before": "receive", "duration": "1s"}
    few = {"buyers": 8, "tickets": 8, "delay": "0ms", "faults": [late], "control": False}
    sale = sell(guard="tests.support.planted:FullQueue", **few)
    assert (sale["answers"], sale["sold"], sale["remaining"]) == ("valid", 8, 0)
    assert sell(guard="tests.support.planted:Impatient", **few)["sold"] < 8


def test_order_of_service_is_the_order_of_the_queue(sell: Sell) -> None:
    """The ticket numbers in the clerk's answers only fall."""
    sale = sell(guard="clerk", control=False, **MANY)
    tickets = [step["value"] for step in steps(sale, "clerk") if step["f"] == "send"]
    sold = [ticket for ticket in tickets if ticket > 0]
    assert sold == sorted(sold, reverse=True)
    assert len(set(sold)) == 60
