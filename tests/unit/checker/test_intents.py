"""One intent is one purchase: a replay is right, and a second purchase is named."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace

from booking.checker import check
from booking.core.verdict import Outcome
from booking.history.model import Event, History
from tests.support.brute_force import linearizable


def attempt(
    begin, end, kind="ok", value=None, *, who=1, intent="a", f="buy", quantity=1, error=None
):
    """Return the events of one attempt."""
    events = [Event(0, who, "invoke", f, None, begin, quantity=quantity, intent=intent)]
    if end is not None:
        events.append(Event(0, who, kind, f, value, end, error, quantity))
    return events


def search(begin, end, count, who=9):
    return attempt(begin, end, "ok", count, who=who, intent=None, f="search")


def verdict_on(tickets, remaining, *operations):
    events = sorted((e for operation in operations for e in operation), key=lambda e: e.time)
    return check(History(tickets, remaining, events))


def names(verdict):
    return [one.name.value for one in verdict.anomalies]


def test_the_same_ticket_again_is_a_replay_and_right():
    verdict = verdict_on(2, 1, attempt(0, 5, "ok", 2), attempt(6, 9, "ok", 2))
    assert verdict.outcome is Outcome.VALID, verdict


def test_a_replay_takes_no_second_ticket_from_the_count():
    verdict = verdict_on(1, 0, attempt(0, 5, "ok", 1), attempt(6, 9, "ok", 1), search(10, 11, 0))
    assert verdict.outcome is Outcome.VALID, verdict


def test_a_purchase_may_happen_while_its_lost_attempt_is_under_way():
    """The search saw the ticket taken before the retry began."""
    lost = attempt(0, 1, "info")
    verdict = verdict_on(1, 0, lost, search(3, 4, 0), attempt(6, 9, "ok", 1))
    assert verdict.outcome is Outcome.VALID, verdict


def test_a_retry_by_another_process_is_the_same_purchase():
    verdict = verdict_on(1, 0, attempt(0, None, who=1), attempt(6, 9, "ok", 1, who=2))
    assert verdict.outcome is Outcome.VALID, verdict


def test_a_replay_that_came_before_the_purchase_began_is_no_excuse():
    """The count fell before the first attempt was sent."""
    verdict = verdict_on(1, 0, search(0, 1, 0), attempt(3, 5, "ok", 1), attempt(6, 9, "ok", 1))
    assert verdict.outcome is Outcome.INVALID


def test_different_tickets_are_a_duplicate_purchase_and_no_oversell():
    verdict = verdict_on(2, 0, attempt(0, 5, "ok", 2), attempt(6, 9, "ok", 1))
    assert names(verdict) == ["duplicate-purchase"]
    assert verdict.reason == "buyer 1 meant one purchase (a) and was sold 2 (tickets 2 and 1)"
    assert len(verdict.anomalies[0].evidence) == 4


def test_the_end_proves_a_second_purchase():
    verdict = verdict_on(3, 1, attempt(0, 1, "info"), attempt(6, 9, "ok", 3))
    assert names(verdict) == ["duplicate-purchase"]
    assert "took effect more than once" in verdict.reason


def test_a_search_proves_a_second_purchase():
    verdict = verdict_on(3, None, attempt(0, 1, "info"), attempt(6, 9, "ok"), search(10, 11, 1))
    assert names(verdict) == ["duplicate-purchase"]


def test_a_number_proves_a_second_purchase():
    """The retry got ticket 2: the lost attempt, or no other one, took ticket 3."""
    verdict = verdict_on(3, None, attempt(0, 1, "info"), attempt(6, 9, "ok", 2))
    assert names(verdict) == ["duplicate-purchase"]


def test_two_lost_attempts_of_one_intent_take_one_ticket_at_most():
    lost = attempt(0, None, who=1), attempt(2, None, who=2)
    assert verdict_on(3, 2, *lost).outcome is not Outcome.INVALID
    verdict = verdict_on(3, 1, *lost, search(10, 11, 1))
    assert names(verdict) == ["duplicate-purchase"]


def test_the_purchase_that_explains_it_alone_is_named():
    """Intent b was retried after the search that saw one ticket too few."""
    b = attempt(20, 21, "info", who=2, intent="b"), attempt(22, 23, "ok", 1, who=2, intent="b")
    a = attempt(0, 1, "info"), attempt(2, 3, "ok", 3)
    verdict = verdict_on(3, 0, *a, search(10, 11, 1), *b)
    assert names(verdict) == ["duplicate-purchase"]
    assert verdict.reason.startswith("buyer 1 meant one purchase (a), and it took effect")


@pytest.mark.parametrize(
    "remaining, counts, expected",
    [
        (2, (), Outcome.VALID),
        (1, (), Outcome.INVALID),
        (None, (), Outcome.UNKNOWN),
        (None, (search(20, 21, 2),), Outcome.VALID),
        (None, (search(20, 21, 1),), Outcome.INVALID),
        (None, (search(6, 6, 2),), Outcome.UNKNOWN),
    ],
)
def test_two_oks_without_a_ticket_are_told_by_the_counts(remaining, counts, expected):
    verdict = verdict_on(3, remaining, attempt(0, 5), attempt(6, 9), *counts)
    assert verdict.outcome is expected, verdict
    assert names(verdict) == ["duplicate-purchase"] * (expected is Outcome.INVALID)
    assert "without a ticket's number" in verdict.reason or expected is not Outcome.UNKNOWN


def test_orders_of_different_quantities_under_one_intent():
    """Two tickets show two purchases; without them it cannot be told."""
    given = attempt(0, 5, "ok", 4), attempt(6, 9, "ok", 3, quantity=2)
    assert names(verdict_on(4, 1, *given)) == ["duplicate-purchase"]
    untold = attempt(0, 5, "ok"), attempt(6, 9, "ok", quantity=2)
    verdict = verdict_on(4, 1, *untold)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "different quantities" in verdict.reason


def test_what_no_repetition_explains_is_called_by_its_own_name():
    verdict = verdict_on(3, 3, attempt(0, 1, "info"), attempt(6, 9, "ok", 3))
    assert names(verdict) == ["lost-update"]


def test_a_refusal_of_an_intent_that_was_carried_out_is_no_undersell():
    refused = attempt(0, 1, "fail", error="sold-out")
    bought = attempt(4, 5, "ok")
    assert "undersell" in names(verdict_on(3, 3, refused))
    assert "undersell" not in names(verdict_on(3, 2, refused, bought))
    assert "undersell" not in names(verdict_on(3, 3, refused, attempt(4, None)))


def test_every_small_history_of_one_intent_agrees_with_its_definition():
    """An attempt is lost, ok, or ok with a ticket; the counts say what took effect."""
    answers = dict.fromkeys(Outcome, 0)
    kinds = [("info", None), ("ok", None), ("ok", 3), ("ok", 2)]
    for first, second, remaining, seen in product(kinds, kinds, (1, 2, None), (1, 2, 3, None)):
        operations = [attempt(0, 1, *first), attempt(6, 9, *second)]
        operations += [search(3, 4, seen)] if seen is not None else []
        verdict = verdict_on(3, remaining, *operations)
        answers[verdict.outcome] += 1
        assert verdict.outcome is expected(first, second, remaining, seen), (
            first, second, remaining, seen, verdict,
        )  # fmt: skip
    assert min(answers.values()) > 3, answers


def expected(first, second, remaining, seen) -> Outcome:
    """Return the verdict by definition: every way in which the attempts may have taken effect."""
    once, twice = (_explained(first, second, remaining, seen, often) for often in (1, 2))
    tickets = {value for _, value in (first, second) if value is not None}
    both_ok = first[0] == second[0] == "ok"
    if len(tickets) > 1 or not once:
        return Outcome.INVALID
    if both_ok and None in {first[1], second[1]} and twice:
        return Outcome.UNKNOWN
    return Outcome.VALID


def _explained(first, second, remaining, seen, often) -> bool:
    """Return whether the purchase can have happened `often` times."""
    lasts = [done if kind == "ok" else 20 for (kind, _), done in ((first, 1), (second, 9))]
    if often == 2:
        certain = [(0, lasts[0], first[1]), (6, lasts[1], second[1])]
    elif "ok" in {first[0], second[0]}:
        tickets = {value for _, value in (first, second)} - {None}
        certain = [(0, min(lasts), min(tickets, default=None))]
    else:
        certain = [(0, None, None)]
    operations = [attempt(begin, end, "ok", value) for begin, end, value in certain]
    operations += [search(3, 4, seen)] if seen is not None else []
    events = [
        replace(event, process=who) for who, events in enumerate(operations) for event in events
    ]
    events.sort(key=lambda event: event.time)
    return linearizable(History(3, remaining, events))
