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
from booking.guards.clerk import ANSWER, NOT_WRITTEN, NOTHING_LEFT, ORDER, TORN, ClerkGuard
from booking.guards.clerk import tickets_for as served
from booking.guards.common import clerk_lock
from booking.locks.flock import FlockLock
from booking.locks.mutex import MutexLock
from booking.stores.common.spare_file import SpareFile
from booking.stores.json_replaced import JsonStore
from tests.conftest import Sell
from tests.support.sales import MANY


class Shelf:
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
    """In the order in which it was queued, all or nothing each, with one write at most."""
    shelf = Shelf(tickets)
    expected, left = [], tickets
    for quantity in quantities:
        expected.append(left if quantity <= left else NOTHING_LEFT)
        left -= quantity if quantity <= left else 0
    assert served(shelf, batch(*quantities)) == expected
    assert shelf.tickets == left
    assert shelf.writes == (left < tickets)


def test_an_inventory_that_cannot_be_read_is_told_to_everybody(tmp_path: Path) -> None:
    """And the clerk goes on."""
    path = tmp_path / "data.json"
    path.write_text("")
    store = JsonStore(Place(str(path), tmp_path))
    assert served(store, batch(1, 1)) == [TORN, TORN]


def test_nobody_hears_sold_when_it_could_not_be_written(tmp_path: Path) -> None:
    """Whether it was kept is not known; who gets nothing gets nothing either way."""
    store = JsonStore(Place(str(tmp_path / "data.json"), tmp_path))
    store.reset(1)
    store._spare = SpareFile(tmp_path / "no" / "folder")
    assert served(store, batch(1, 1)) == [NOT_WRITTEN, NOTHING_LEFT]


def test_an_answer_that_came_too_late_is_not_taken_for_the_next(tmp_path: Path) -> None:
    """Order 2 is not told what order 1 got."""
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
        replies.append(guard.sell(Shelf(3), Order(1)))

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


def test_an_order_that_found_no_room_certainly_did_not_happen(tmp_path: Path) -> None:
    """No clerk comes, the queue is full, the time is up."""
    guard = clerk(tmp_path, 0.02)
    assert guard._orders is not None
    for _ in range(guard._orders.shrink() // ORDER.size):
        os.write(guard._orders.fileno(), ORDER.pack(0, 1, 1))
    reply = guard.sell(Shelf(3), Order(1))
    assert (reply.type, reply.error) == ("fail", "queue-full")
    guard.close()


def test_a_second_clerk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is a buyer with a lock, for as long as the clerk serves; afterwards neither."""
    monkeypatch.setattr(clerk_lock, "HANDOVER_S", 0)
    first, second = clerk(tmp_path), FlockLock(tmp_path / "data.json.lock")
    (tmp_path / "other").mkdir()
    refused = []

    def meanwhile() -> None:
        assert not second.acquire(0)
        other = ClerkGuard(Kit(second, 1.0))
        other.open(tmp_path / "other", 1)
        with pytest.raises(UsageError, match="another clerk serves this inventory") as caught:
            other.serve(Shelf(3), lambda: None)
        other.close()
        refused.append(caught.value)

    first.dismiss()
    first.serve(Shelf(3), meanwhile)
    first.close()
    assert len(refused) == 1
    assert second.acquire(0)
    second.release()


def test_a_second_sale_over_one_inventory_is_refused(
    program: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """By the program, in one line, and nothing was sold."""
    (tmp_path / "data.json").write_text('{"ticket_num": 3}')
    lock = FlockLock(tmp_path / "data.json.lock")  # as a clerk holds it
    assert lock.acquire(0)
    for guard in ("clerk", "queue"):
        done = program("simulate", "--store", "json:data.json", "--guard", guard)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"booking: guard {guard}: another clerk serves")
    assert (tmp_path / "data.json").read_text() == '{"ticket_num": 3}'
    lock.release()


def test_a_lock_that_dies_with_its_holder_is_no_lock_for_a_clerk(tmp_path: Path) -> None:
    """His successor would wait for ever."""
    with pytest.raises(UsageError, match="survives its clerk"):
        ClerkGuard(Kit(MutexLock(tmp_path / "lock"), 1.0))


@pytest.mark.parametrize("guard", ["clerk", "queue"])
def test_there_is_no_clerk_by_hand(
    program: Callable[..., CompletedProcess[str]], tmp_path: Path, guard: str
) -> None:
    """One line says so."""
    (tmp_path / "data.json").write_text('{"ticket_num": 3}')
    done = program("buy", "--store", "json:data.json", "--guard", guard)
    assert done.returncode == 2
    assert "has a clerk only during a sale" in done.stderr


def steps(sale: dict[str, Any], process: int | str) -> list[dict[str, Any]]:
    events = sale["events"]
    return [one for one in events if one["type"] == "step" and one["process"] == process]


def test_every_step_of_the_clerk_is_in_the_history(sell: Sell) -> None:
    """He does all that touches the file, inside the lock; buyers only send and receive."""
    sale = sell(guard="clerk", buyers=3, tickets=2, control=False, search=False)
    done = [one["f"] for one in steps(sale, "clerk")]
    assert (done[0], done[-1]) == ("acquire", "release")
    assert set(done[1:-1]) == {"receive", "read", "replace", "send"}
    for buyer in range(3):
        mine = [(one["f"], one["resource"]) for one in steps(sale, buyer)]
        assert mine == [("send", "orders"), ("receive", f"answers-{buyer}")]


def told_before_kept(sale: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the answers that were sent before the count they speak of was written."""
    kept, early = 10**9, []
    for one in steps(sale, "clerk"):
        if one["f"] == "replace":
            kept = one["value"]
        elif one["f"] == "send" and one["value"] > 0 and one["value"] <= kept:
            early.append(one)
    return early


def test_nobody_hears_sold_before_it_is_kept(sell: Sell) -> None:
    """With --durable kept means: on disk, the folder's entry too."""
    sale = sell(guard="clerk", durable=True, control=False, **MANY)
    assert (sale["verdict"], sale["sold"]) == ("valid", 60)
    assert told_before_kept(sale) == []
    assert told_before_kept(sell(guard="tests.support.planted:HastyClerk", **MANY))


def test_a_buyer_that_dies_at_the_counter_holds_nobody_up(sell: Sell) -> None:
    """His order may have been served: the outcome is unknown, and every buyer else is answered."""
    fault = {"kind": "kill", "buyer": 2, "before": "receive"}
    sale = sell(guard="clerk", faults=[fault], buyers=6, tickets=9, control=False)
    assert sale["verdict"] == "valid"
    assert sale["operations"] == {"ok": 5, "fail": 0, "info": 1}


def test_a_forgotten_order_is_unknown(sell: Sell) -> None:
    """It never passes for sold, nor for refused."""
    sale = sell(
        guard="tests.support.planted:ForgetfulClerk",
        buyers=4,
        tickets=9,
        timeout="400ms",
        control=False,
    )
    assert sale["operations"] == {"ok": 3, "fail": 0, "info": 1}


def test_a_full_queue_holds_buyers_back_and_loses_nothing(sell: Sell) -> None:
    """One place for eight buyers, and a clerk who comes late."""
    late = {"kind": "pause", "buyer": "clerk", "before": "receive", "duration": "200ms"}
    few = {"buyers": 8, "tickets": 8, "delay": "0ms", "faults": [late], "control": False}
    sale = sell(guard="tests.support.planted:FullQueue", **few)
    assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", 8, 0)
    assert sell(guard="tests.support.planted:Impatient", **few)["sold"] < 8


def test_order_of_service_is_the_order_of_the_queue(sell: Sell) -> None:
    """The answers of the clerk follow the numbers of the tickets, down."""
    sale = sell(guard="clerk", control=False, **MANY)
    tickets = [one["value"] for one in steps(sale, "clerk") if one["f"] == "send"]
    sold = [ticket for ticket in tickets if ticket > 0]
    assert sold == sorted(sold, reverse=True)
    assert len(set(sold)) == 60
