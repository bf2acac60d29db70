"""What a user's code hands over at the seam: one line says which field is wrong, in every mode."""

from __future__ import annotations

from typing import Any

import pytest

from booking.core.order_execution import NullRecorder, perform_order, perform_search
from booking.core.protocols import Order, Reply
from booking.core.seam_checks import ensure_reply
from booking.errors import ReplyError, UsageError
from booking.testing import assert_sound
from booking.testing.strategies import Schedule
from tests.conftest import Program
from tests.support.careless_guards import AnswersAnything

CARELESS = "tests.support.careless_guards"
GUARD = f"{CARELESS}:AnswersAnything"
WRONG: dict[str, tuple[object, str]] = {
    "none": (None, "answered None, which is no Reply"),
    "text": ("ok", "answered 'ok', which is no Reply"),
    "type": (Reply("sold"), "answered type='sold'"),  # type: ignore[arg-type]  # the mistake
    "list": (Reply([]), "answered type=[]"),  # type: ignore[arg-type]  # the mistake
    "truth": (Reply("ok", True), "answered ticket=True"),
    "float": (Reply("ok", 1.5), "answered ticket=1.5"),  # type: ignore[arg-type]  # the mistake
    "large": (Reply("ok", 2**70), "answered ticket=1180591620717411303424"),
    "bytes": (Reply("ok", b"A1"), "answered ticket=b'A1'"),  # type: ignore[arg-type]  # the mistake
    "long": (Reply("ok", "x" * 401), "answered ticket='xxx"),
    "surrogate": (Reply("ok", "\ud800"), r"answered ticket='\ud800'"),
    "error": (Reply("fail", error=3), "answered error=3"),  # type: ignore[arg-type]  # the mistake
}
MODES = {
    "simulate": ("--no-control", "--buyers", "1"),
    "explore": (),
    "buy": (),
}


@pytest.mark.parametrize(
    "reply",
    [
        Reply("ok"),
        Reply("ok", 3),
        Reply("ok", 0),
        Reply("ok", -2),
        Reply("ok", "row A, seat 1"),
        Reply("ok", "ä" * 200),
        Reply("fail", error="sold-out"),
        Reply("info"),
    ],
)
def test_a_reply_that_says_what_it_may_is_taken_as_it_is(reply: Reply) -> None:
    """A number below 1 is evidence of an oversell, not a mistake in the reply."""
    guard = AnswersAnything(reply)
    assert perform_order(guard, guard, Order(0), NullRecorder()).reply == reply


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_reply_is_named_with_its_guard_its_field_and_its_value(case: str) -> None:
    """It may have been sold, so it is recorded as unknown, and the error propagates."""
    answer, problem = WRONG[case]
    guard = AnswersAnything(answer)
    log: list[Any] = []

    class Log(NullRecorder):
        def complete(self, completion: Any) -> None:
            log.append(completion)

    with pytest.raises(ReplyError) as refusal:
        perform_order(guard, guard, Order(0), Log())
    text = str(refusal.value)
    assert text.startswith(f"guard {GUARD} {problem}")
    assert "\n" not in text
    assert len(text) < 250
    assert [(completion.type, completion.error) for completion in log] == [("info", "ReplyError")]


def test_a_reply_whose_value_cannot_be_shown_is_named_all_the_same() -> None:
    """A user's own `__repr__` may raise."""

    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(ReplyError, match="answered a Odd that cannot be shown"):
        ensure_reply(Odd(), AnswersAnything(None))


@pytest.mark.parametrize("quantity", [0, -1, True, 1.0, 2**70, "2"])
def test_an_order_of_no_whole_number_of_tickets_is_refused(quantity: Any) -> None:
    """Nothing was asked of the guard, so nothing is recorded."""
    guard = AnswersAnything(Reply("ok"))
    with pytest.raises(UsageError, match=f"an order of quantity={quantity!r}"):
        perform_order(guard, guard, Order(0, quantity), NullRecorder())


@pytest.mark.parametrize("count", [None, "3", 2.5, True, 2**70])
def test_a_search_that_finds_no_count_is_refused(count: Any) -> None:
    """The store is named in the sentence, and what it answered."""

    class Counts:
        def read(self) -> int:
            return count  # type: ignore[no-any-return]  # the mistake

    store: Any = Counts()
    with pytest.raises(UsageError, match=f"the store's read answered {count!r}"):
        perform_search(store, NullRecorder())


@pytest.mark.sweep(usual=lambda mode, guard: mode != "explore" or guard == "AnswersTrue")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "guard, what", [("AnswersTrue", "ticket=True"), ("AnswersNothing", "None")]
)
def test_each_command_says_it_in_one_line(
    program: Program, mode: str, guard: str, what: str
) -> None:
    """No traceback, no exit code 70, and no ticket that is silently dropped."""
    store = "json:data.json" if mode == "buy" else "json"
    if mode == "buy":
        assert program("reset", "--store", store, "--tickets", "3").returncode == 0
    name = f"{CARELESS}:{guard}"
    done = program(mode, "--store", store, "--guard", name, *MODES[mode])
    assert done.returncode == (2 if mode == "buy" else 3)
    lines = " ".join((done.stdout + done.stderr).split())
    assert f"guard {name} answered {what}" in lines
    assert "Traceback" not in lines


def test_a_ticket_may_be_a_text_in_every_mode(program: Program) -> None:
    """A seat with a name: sold, shown and judged."""
    guard = (
        "--guard",
        "tests.support.careless_guards:NamesSeats",
        "--lock=flock",
        "--tickets",
        "2",
    )
    sold = program("simulate", *guard, "--buyers", "3", "--seed", "1")
    assert sold.returncode == 0
    assert "ticket row 1, seat 2" in sold.stdout
    explored = program("explore", *guard, "--buyers", "2", "--method", "reduced")
    assert explored.returncode == 0, explored.stdout
    ordered = program("simulate", *guard, "--buyers", "3", "--schedule", "random", "--seed", "1")
    assert ordered.returncode == 0, ordered.stdout
    assert program("reset", "--store", "json:data.json", "--tickets", "3").returncode == 0
    bought = program("buy", "--store", "json:data.json", *guard[:3])
    assert bought.stdout.split()[-6:] == ["bought", "ticket", "row", "1,", "seat", "3"]


def test_assert_sound_says_it_as_a_failed_assertion() -> None:
    """A test of a user's own reports the guard, and no error of ours."""
    schedule = Schedule(1, ())
    with pytest.raises(AssertionError, match=r"guard .*:AnswersTrue answered ticket=True"):
        assert_sound("json", schedule, guard=f"{CARELESS}:AnswersTrue")
