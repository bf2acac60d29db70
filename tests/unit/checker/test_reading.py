"""Reading places every operation, or counts it, or refuses it; values mean what the history shows.

Rows are (process, name, invocation's value, answer), one operation after the other; more fields
are the completion's type and error.
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from booking.checker import Columns, Decision, Naming, check, decide
from booking.checker.reading.columns import ContradictionError
from booking.core.verdict import Outcome
from booking.errors import HistoryError
from booking.history.model import Event, History, SaleEnd

VALID, INVALID, UNKNOWN = Outcome.VALID, Outcome.INVALID, Outcome.UNKNOWN
ADDS = {"buy": ("add",), "observe": ("read",)}
BEYOND = 2**70


def events_of(*rows: tuple[Any, ...]) -> list[Event]:
    events = []
    for at, (process, f, asked, answer, *more) in enumerate(rows):
        kind, error = (*more, "ok", None)[0], (*more[1:], None)[0]
        events.append(Event(4 * at, process, "invoke", f, asked, 10 * at))
        if kind != "never":
            events.append(Event(4 * at + 1, process, kind, f, answer, 10 * at + 5, error))
    return events


def columns_of(events: list[Event], naming: Naming | None = None, **counts: int) -> Columns:
    columns = Columns(naming, **counts)
    columns.feed(events)
    columns.close()
    return columns


def outcome(*rows: tuple[Any, ...], tickets: int = 9, **said: Any) -> Outcome:
    return decided(*rows, tickets=tickets, **said).verdict.outcome


def decided(*rows: tuple[Any, ...], tickets: int = 9, **said: Any) -> Decision:
    return decide(columns_of(events_of(*rows), Naming(**said), tickets=tickets))


def refused(*rows: tuple[Any, ...], tickets: int = 9, **said: Any) -> str:
    with pytest.raises(HistoryError) as refusal:
        columns_of(events_of(*rows), Naming(**said), tickets=tickets)
    return str(refusal.value)


TWICE = [(0, "buy", 1, 1), (1, "buy", 1, 1)]  # one ticket each, or ticket 1 twice


@pytest.mark.parametrize("numbers", ["before", "after", "seat"])
def test_an_answer_that_repeats_its_order_is_no_pass_where_numbers_were_asked_for(numbers: Any):
    """Ticket 1 was sold twice, or two buyers ordered 1: nothing in the history tells which."""
    decision = decided(*TWICE, numbers=numbers)
    assert decision.verdict.outcome is UNKNOWN
    assert "--numbers none" in decision.verdict.reason
    assert outcome(*TWICE) is outcome(*TWICE, numbers="none") is VALID


def test_one_answer_that_differs_makes_all_of_them_numbers():
    """The same ticket twice is found, asked for or not, once the values are no echoes."""
    rows = [(0, "buy", 1, 3), (1, "buy", 1, 1), (2, "buy", 1, 1)]
    assert outcome(*rows, tickets=3) is INVALID
    assert outcome(*rows, tickets=3, numbers="before") is INVALID
    assert outcome(*rows[:1], (1, "buy", 1, 2), (2, "buy", 1, 1), tickets=3) is VALID


def test_what_is_wrong_in_both_readings_is_invalid_and_what_is_right_as_asked_is_valid():
    assert outcome(*TWICE, tickets=1, numbers="before") is INVALID
    wanted = [(0, "buy", 7, 7), (1, "buy", 8, 8)]  # seats that were asked for, or 15 tickets
    assert outcome(*wanted, tickets=10, numbers="seat") is VALID
    assert outcome(*wanted, tickets=10) is INVALID


def test_answers_without_a_value_decide_nothing():
    assert outcome((0, "buy", 2, None), (1, "buy", 2, 2), tickets=4) is VALID
    assert outcome((0, "buy", 2, True), (1, "buy", 2, 2), tickets=3) is INVALID


def test_text_is_a_seat():
    """Numbers were not asked for: text is an identity, and then every answer is."""
    twice = [(0, "buy", None, "A1"), (1, "buy", None, "A1")]
    decision = decided(*twice)
    assert [one.name.value for one in decision.verdict.anomalies] == ["double-sold"]
    assert outcome(twice[0], (1, "buy", None, "A2"), (2, "buy", None, 7)) is VALID
    assert outcome(twice[0], (1, "buy", None, 7), (2, "buy", None, 7)) is INVALID
    assert outcome(*twice, numbers="none") is VALID
    assert "no ticket's number" in refused(*twice, numbers="before")


def test_text_that_repeats_an_order_is_a_seat_or_a_customer():
    """A buyer may have called with its name, or with the seat that it wants."""
    named = [(0, "buy", "ann", "ann"), (1, "buy", "ann", "ann")]
    assert outcome(*named) is UNKNOWN
    assert outcome(*named, numbers="none") is VALID
    assert outcome(*named, numbers="seat") is INVALID
    assert outcome((0, "buy", "ann", 9), (1, "buy", "ann", 8)) is VALID
    asked = [(0, "buy", "A1", True), (1, "buy", "A1", True)]
    assert outcome(*asked) is VALID
    assert outcome(*asked, numbers="seat") is INVALID


def test_a_seat_that_was_given_back_is_named_by_the_value_of_its_refund():
    sold = (0, "buy", None, 7)
    for back in [(0, "refund", 7, None), (0, "refund", None, 7), (0, "refund", 7, 7)]:
        columns = columns_of(events_of(sold, back), Naming(numbers="seat"), tickets=9)
        refunds = columns.inventories[None].refunded
        assert (refunds.number, refunds.quantity) == ([7], [1]), back
    columns = columns_of(events_of(sold, (0, "refund", 7, None)), tickets=9)
    assert columns.inventories[None].refunded.quantity == [7]
    text = columns_of(events_of((0, "buy", None, "A"), (0, "refund", "A", None)), tickets=9)
    assert text.inventories[None].refunded.number == ["A"]


def test_a_pair_is_a_change_and_the_count_that_it_led_to():
    """`[delta result]`: the result is the count after, unless the caller says before."""
    rows = [(0, "add", -2, [-2, 7]), (1, "read", None, 7), (1, "add", -1, [-1, 6])]
    assert outcome(*rows, **ADDS) is VALID
    assert outcome(*rows, **ADDS, numbers="before") is INVALID
    assert outcome(*rows[:2], (1, "add", -1, [-1, 5]), **ADDS) is INVALID
    up = [(0, "add", 2, [2, 2]), (1, "read", None, 2), (1, "add", 1, [1, 3])]
    assert outcome(*up, **ADDS, counting="up") is VALID
    assert outcome(*up[:2], (1, "add", 1, [1, 2]), **ADDS, counting="up") is INVALID
    assert "give --numbers" in refused(*rows, (2, "add", -1, 5), **ADDS)
    assert "[-1, 6]" in refused((0, "add", -2, [-1, 6]), **ADDS)


def test_a_change_against_the_direction_of_selling_is_a_refund():
    """Counting down, −1 sells and +1 gives back; counting up it is the other way round."""
    rows = [(0, "add", -3, None), (1, "add", 2, None), (2, "read", None, 8)]
    assert outcome(*rows, **ADDS) is VALID
    assert outcome(*rows[:2], (2, "read", None, 7), **ADDS) is INVALID
    up = [(0, "add", 3, None), (1, "add", -2, None), (2, "read", None, 1)]
    assert outcome(*up, **ADDS, counting="up") is VALID
    assert outcome(*up[:2], (2, "read", None, 2), **ADDS, counting="up") is INVALID


def test_only_names_that_change_the_count_both_ways_have_a_direction():
    """`take 2` beside `add -1` orders two; a change that never ended may be a refund."""
    said = {"buy": ("take", "add"), "observe": ("read",)}
    rows = [(0, "take", 2, None), (1, "add", -1, None), (2, "read", None, 6)]
    assert outcome(*rows, **said) is VALID
    lost = [(0, "add", -3, None), (1, "add", 2, None, "never"), (2, "read", None, 8)]
    assert outcome(*lost, **ADDS) is VALID
    assert outcome(*lost[:2], (2, "read", None, 9), **ADDS) is INVALID
    failed = [(0, "add", -3, None), (1, "add", 2, None, "fail"), (2, "read", None, 6)]
    assert outcome(*failed, **ADDS) is VALID


@pytest.mark.parametrize("counting", ["up", "down"])
def test_seats_are_no_counts(counting: Any):
    """Counting up converts counts and leaves seats as they are."""
    columns = columns_of(
        events_of((0, "buy", None, 7)), Naming(counting=counting, numbers="seat"), tickets=3
    )
    assert columns.inventories[None].sold.number == [7]


def test_what_counts_up_is_shown_as_it_was_written():
    columns = columns_of(events_of((0, "search", None, 2)), Naming(counting="up"), tickets=9)
    (inventory,) = columns.inventories.values()
    assert inventory.searches.value == [7]
    assert inventory.shown(7) == 2


@pytest.mark.parametrize("row", [
    (0, "read", None, 5), (0, "read", None, None, "never"), (0, "read", None, None, "fail"),
    (0, "read", None, None, "info"),
])  # fmt: skip
def test_what_a_client_did_and_has_no_known_name_is_never_a_pass(row: Any):
    """Misspelt names gave VALID."""
    decision = decided((1, "buy", None, 9), row)
    assert decision.verdict.outcome is UNKNOWN
    assert "read (1)" in decision.verdict.reason
    columns = columns_of(events_of((1, "buy", None, 9), row), Naming(ignore=("read",)), tickets=9)
    assert decide(columns).verdict.outcome is VALID
    assert columns.notes == ["left out, as --ignore says: read (1)"]
    assert (columns.ignored, list(columns.inventories)) == ({}, [None])


def test_a_violation_is_one_whatever_was_not_judged():
    assert outcome((1, "buy", None, 9), (2, "buy", None, 9), (0, "read", None, 5)) is INVALID


@pytest.mark.parametrize("process", ["nemesis", ":nemesis", "harness"])
def test_what_a_nemesis_does_is_no_operation(process: str):
    rows = [(process, "kill", None, None, kind) for kind in ("never", "never", "info", "ok")]
    assert outcome(*rows, (1, "buy", None, 9)) is VALID


def test_lines_without_an_invocation_are_counted_or_refused():
    """A note of a client's is listed; the end of an operation that never began contradicts."""
    events = [*events_of((1, "buy", None, 9)), Event(8, 2, "info", "note", None, 50)]
    assert columns_of(events, tickets=9).ignored == {"note": 1}
    for kind in ("ok", "fail", "info"):
        with pytest.raises(ContradictionError, match="never invoked"):
            columns_of([Event(8, 2, kind, "buy", None, 50)], tickets=9)


@pytest.mark.parametrize("kind", ["ok", "fail", "info"])
@pytest.mark.parametrize("f", ["buy", "search", "refund", "other"])
def test_a_completion_fits_its_invocation_in_every_branch(kind: str, f: str):
    """Its name is the invocation's, and its time is not before."""
    invoke = Event(0, 1, "invoke", f, None, 10)
    with pytest.raises(ContradictionError, match="invoked a"):
        columns_of([invoke, Event(1, 1, kind, "elsewhere", None, 11)], tickets=9)
    with pytest.raises(ContradictionError, match="before it was invoked"):
        columns_of([invoke, Event(1, 1, kind, f, 1, 9)], tickets=9)


def test_a_search_that_answers_nothing_says_nothing():
    decision = decided((0, "search", None, None), (1, "buy", None, 9))
    assert decision.verdict.outcome is UNKNOWN
    assert "answered no count" in decision.verdict.reason
    for value in (True, "5", 5.0, [5], {}):
        assert "no count" in refused((0, "search", None, value))


@pytest.mark.parametrize("kind", ["ok", "fail", "info", "never"])
@pytest.mark.parametrize("error", [None, "sold-out"])
@pytest.mark.parametrize("asked", [0, BEYOND, -BEYOND, True, 1.5, [1], {}])
def test_an_order_of_no_size_is_refused_in_every_branch(kind: str, error: Any, asked: Any):
    """None of them reaches the columns."""
    assert "tickets" in refused((0, "buy", asked, None, kind, error))


@pytest.mark.parametrize("kind", ["ok", "fail", "info"])
@pytest.mark.parametrize("error", [None, "sold-out"])
@pytest.mark.parametrize("quantity", [0, -1, BEYOND])
@pytest.mark.parametrize("f", ["buy", "refund"])
def test_a_quantity_of_no_size_is_refused_in_every_branch(
    kind: str, error: Any, quantity: int, f: str
):
    events = events_of((0, f, None, None, kind, error))
    events = [replace(event, quantity=quantity) for event in events]
    if f == "refund" and kind == "fail":
        return  # it did not happen
    with pytest.raises(HistoryError, match="tickets"):
        columns_of(events, tickets=9)


def test_two_quantities_that_disagree_are_refused():
    (invoke, ok) = events_of((0, "buy", 3, None))
    with pytest.raises(HistoryError, match="orders 2 tickets by its quantity, and 3 by its value"):
        columns_of([replace(invoke, quantity=2), ok], tickets=9)


@pytest.mark.parametrize("answer", [False, 1.5, {"a": 1}, [1, 2, 3], [4, 5]])
def test_an_answer_that_can_be_no_number_is_refused(answer: Any):
    assert "no ticket's number" in refused((0, "buy", None, answer))
    assert outcome((0, "buy", None, answer), numbers="none") is VALID


def test_seats_may_be_any_value_where_the_caller_says_so():
    row = [(0, "buy", None, [4, 5]), (1, "buy", None, [4, 5])]
    assert outcome(*row, numbers="seat") is INVALID
    assert outcome(row[0], (1, "buy", None, [5, 4]), numbers="seat") is VALID


def keyed(*keys: Any) -> list[Event]:
    """Return one search of 2 for each key."""
    rows = events_of(*((at, "search", None, 2) for at in range(len(keys))))
    return [replace(event, key=keys[at // 2]) for at, event in enumerate(rows)]


@pytest.mark.parametrize("key", [1, "1"])
@pytest.mark.parametrize("recorded", [1, "1"])
def test_numbers_and_text_as_keys_of_inventories_are_the_same(key: Any, recorded: Any):
    """JSON's objects have keys of text: no second inventory gets the counts."""
    history = History(
        None, None, keyed(key), {"inventories": {recorded: 2}}, SaleEnd(inventories={recorded: 2})
    )
    assert check(history).outcome is VALID
    history.end = SaleEnd(inventories={recorded: 1})
    assert [one.name.value for one in check(history).anomalies] == ["lost-ticket"]


def test_keys_that_the_frame_cannot_tell_apart_are_refused():
    history = History(None, None, keyed(1, "1"), {"inventories": {"1": 2}})
    verdict = check(history)
    assert verdict.outcome is UNKNOWN
    assert "cannot be told apart" in verdict.reason
    assert check(History(2, None, keyed(1, "1", "01"))).outcome is VALID


def test_an_inventory_on_which_nothing_happened_has_its_counts():
    """Two are gone of "b", which no operation explains."""
    sale, end = {"inventories": {"a": 2, "b": 3}}, SaleEnd(inventories={"a": 2, "b": 1})
    assert check(History(None, None, keyed("a"), sale, end)).outcome is INVALID
    end = SaleEnd(inventories={"a": 2, "b": 3})
    assert check(History(None, None, keyed("a"), sale, end)).outcome is VALID


def test_operations_that_are_not_judged_make_no_inventory():
    events = [replace(event, f="cas", key="elsewhere") for event in keyed("a")]
    columns = columns_of([*events, *events_of((5, "buy", None, 9))], tickets=9)
    assert list(columns.inventories) == [None]


@pytest.mark.parametrize("given, sale, end, said", [
    ({"tickets": 4}, {"tickets": 3}, {}, "--tickets 4 disagrees with the history, which records 3"),
    ({"remaining": 1}, {"tickets": 3}, {"remaining": 2}, "--remaining 1 disagrees"),
    ({"remaining": 1}, {"inventories": {"a": 3}}, {"inventories": {"a": 2}}, "--remaining 1 dis"),
    ({"remaining": 1}, {"inventories": {"a": 3, "b": 3}}, {}, "the history has 2"),
    ({}, {"inventories": {"a": 3, "b": 3}}, {"remaining": 4}, "'end' records as remaining 4"),
    ({"tickets": 4}, {"inventories": {"a": 4, "b": 3}}, {}, "--tickets 4 disagrees"),
])  # fmt: skip
def test_a_given_count_never_overrides_a_recorded_one(given: Any, sale: Any, end: Any, said: str):
    """It was dropped, or it silently won."""
    columns = Columns(**given)
    columns.sale, columns.end = sale, SaleEnd(**end)
    with pytest.raises(HistoryError, match=said.replace("(", r"\(")):
        columns.close()


def test_a_meaning_that_disagrees_with_the_recorded_one_is_refused():
    columns = Columns(Naming(numbers="after"), tickets=3)
    columns.sale = {"numbers": "seat"}
    with pytest.raises(HistoryError, match=r"--numbers after disagrees .* records 'seat'"):
        columns.close()


@pytest.mark.parametrize("f, value", [("sale", {"tickets": 9}), ("end", {"remaining": 9})])
def test_a_second_frame_is_refused(f: str, value: Any):
    """Two histories in one file: the second's counts were taken for the first's."""
    line = Event(90, "harness", "info", f, value, 90)
    with pytest.raises(ContradictionError, match="a second line"):
        columns_of([line, replace(line, index=91)], tickets=9)


def test_several_names_of_each_kind():
    said = {"buy": ("buy", "take"), "observe": ("search", "read"), "sold_out": ("gone", "none")}
    rows = [(0, "buy", None, None), (0, "take", None, None), (0, "read", None, 0),
            (1, "search", None, 0), (2, "take", None, None, "fail", "gone"),
            (3, "buy", None, None, "fail", ["none", "left"])]  # fmt: skip
    assert outcome(*rows, tickets=2, **said) is VALID
    assert outcome(*rows, tickets=3, **said) is INVALID
    columns = columns_of(events_of(*rows), Naming(**said), tickets=2)
    assert columns.inventories[None].sold_outs.value == [1, 1]


@pytest.mark.parametrize("gap, touches", [(0, True), (1, False)])
@pytest.mark.parametrize(
    "f, kind", [("buy", "ok"), ("search", "ok"), ("buy", "fail"), ("refund", "ok")]
)
def test_operations_of_one_process_that_touch_are_marked(
    gap: int, touches: bool, f: str, kind: str
):
    """Then the times do not show the order of the two."""
    events = [
        Event(0, 1, "invoke", f, None, 0), Event(1, 1, kind, f, 5 if f == "search" else None, 5),
        Event(2, 1, "invoke", "search", None, 5 + gap), Event(3, 1, "ok", "search", 5, 9),
        Event(4, 2, "invoke", "search", None, 9), Event(5, 2, "ok", "search", 5, 9),
    ]  # fmt: skip
    assert columns_of(events, tickets=9).inventories[None].touches is touches


def test_missing_logs_are_marked():
    columns = Columns(tickets=9)
    columns.end = SaleEnd(unlogged=[1])
    columns.close()
    assert columns.inventories[None].unlogged


def test_errors_that_prove_no_count_are_told():
    """`gone` may mean none left there; without its name it proves nothing."""
    rows = [(0, "buy", None, None, "fail", error) for error in ("gone", "gone", {"odd": 1})]
    columns = columns_of(events_of(*rows), tickets=9)
    assert "gone (2), no error (1); --sold-out names" in columns.notes[0]
    assert columns_of(events_of(*rows[:2]), Naming(sold_out=("gone",)), tickets=9).notes == []
