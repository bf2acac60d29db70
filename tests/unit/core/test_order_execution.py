"""One order has one outcome, in a sale and in an exploration: an error of the store is a reply."""

from __future__ import annotations

import pytest

from booking.core.order_execution import (
    Completion,
    NullRecorder,
    OperationRecorder,
    perform_order,
    perform_search,
)
from booking.core.protocols import Order, Reply, Store
from booking.core.scenario import from_flags
from booking.core.steps import step
from booking.errors import (
    ConflictError,
    InventoryError,
    MalformedError,
    UnavailableError,
    UncertainError,
)
from booking.experiments.sale import run_sale
from tests.support.explorations import explored
from tests.support.shops import Shop

URL = "redis://:s3cret@host/0"


class Log:
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def invoke(self, operation: str, quantity: int = 1) -> None:
        self.told.append((operation, quantity))

    def complete(self, completion: Completion) -> None:
        self.told.append(completion)


class Failing:
    """A store whose read fails, and the guard that asks it."""

    needs = Store

    def __init__(self, error: Exception) -> None:
        self.error = error

    def reset(self, tickets: int) -> None: ...

    def read(self) -> int:
        raise self.error

    def write(self, remaining: int) -> None: ...

    def close(self) -> None: ...

    def sell(self, store: Store, order: Order) -> Reply:
        return Reply("ok", store.read())


def ordered(error: Exception, log: OperationRecorder) -> Completion:
    failing = Failing(error)
    return perform_order(failing, failing, Order(4, 2), log)


@pytest.mark.parametrize(
    "error, reply, name",
    [
        (MalformedError("half a number"), Reply("fail", error="torn-read"), "torn-read"),
        (UnavailableError("busy"), Reply("fail", error="unavailable: busy"), "unavailable"),
        (ConflictError("undone"), Reply("fail", error="unavailable: undone"), "unavailable"),
        (UncertainError("lost"), Reply("info", error="uncertain: lost"), "uncertain"),
        (
            UnavailableError(f"{URL}: lost"),
            Reply("fail", error="unavailable: redis://:***@host/0: lost"),
            "unavailable",
        ),
    ],
)
def test_an_error_of_the_store_is_a_reply(error: Exception, reply: Reply, name: str) -> None:
    """Its short name is the same in every execution; its text hides a password."""
    log = Log()
    completion = ordered(error, log)
    assert log.told == [("buy", 2), completion]
    assert (completion.reply, completion.error, completion.quantity) == (reply, name, 2)
    assert completion.cause is error


def test_any_other_error_is_recorded_as_unknown_and_propagates() -> None:
    """The order may have been sold before the guard's code failed."""
    for error in (ValueError("a mistake"), InventoryError("gone")):
        log = Log()
        with pytest.raises(type(error)):
            ordered(error, log)
        _, completion = log.told
        assert isinstance(completion, Completion)
        assert completion.reply == Reply("info", error=f"{type(error).__name__}: {error}")


def test_an_order_is_recorded_before_its_first_effect_and_after_its_last() -> None:
    """Its reply is the guard's."""
    log = Log()

    class Guard:
        needs = Store

        def sell(self, store: Store, order: Order) -> Reply:
            log.told.append("effect")
            return Reply("ok", 3)

    completion = perform_order(Failing(ValueError()), Guard(), Order(0, 2), log)
    assert log.told == [("buy", 2), "effect", Completion("buy", "ok", 3, 2)]
    assert completion.reply == Reply("ok", 3)


@pytest.mark.parametrize(
    "error, text",
    [
        (MalformedError("half a number"), "torn-read"),
        (InventoryError("gone"), "unreadable: gone"),
        (UncertainError("lost"), "unreadable: lost"),
    ],
)
def test_a_search_fails_where_the_inventory_cannot_be_read(error: Exception, text: str) -> None:
    """It changes nothing, so its outcome is never unknown."""
    log = Log()
    completion = perform_search(Failing(error), log)
    assert log.told == [("search", 1), completion]
    assert (completion.type, completion.value, completion.text) == ("fail", None, text)


def test_a_defect_of_the_store_leaves_the_search_open() -> None:
    log = Log()
    with pytest.raises(ZeroDivisionError):
        perform_search(Failing(ZeroDivisionError()), log)
    assert log.told == [("search", 1)]


class BusyShop(Shop):
    """Refuses every write: its message names a path, which differs between executions."""

    def write(self, remaining: int) -> None:
        step("replace", self.resource, remaining)
        raise UnavailableError(f"{self.path}: others were writing all the time")


class LostShop(Shop):
    """Loses its answer to every write."""

    def write(self, remaining: int) -> None:
        step("replace", self.resource, remaining)
        raise UncertainError(f"{self.path}: lost while it may have sold")


@pytest.mark.parametrize(
    "shop, type_, error", [("BusyShop", "fail", "unavailable"), ("LostShop", "info", "uncertain")]
)
def test_an_exploration_and_a_sale_agree(shop: str, type_: str, error: str) -> None:
    """A busy store is a failed order in both; a lost answer leaves the outcome unknown."""
    store = f"{__name__}:{shop}"
    exploration = explored(2, 1, store=store).exploration
    (stakes,) = exploration.caveats
    assert f"nothing was at stake (orders ended: {type_} {error})" in stakes.what
    assert {ends for _, ends in exploration.ends} == {((f"{type_} {error}", 2),)}
    flags = {"store": store, "tickets": 1, "buyers": 2, "delay": "0ms", "control": False}
    events = run_sale(from_flags(flags)).completions(type_)
    assert [str(event.error).partition(":")[0] for event in events] == [error, error]


def test_the_null_recorder_records_nothing() -> None:
    assert ordered(UnavailableError("busy"), NullRecorder()).type == "fail"
