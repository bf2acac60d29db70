"""With refunds a fault has the name that it has without them, and its evidence shows who holds."""

from __future__ import annotations

import pytest

from booking.checker import decide
from booking.core.verdict import Outcome
from tests.support.checking import columns_of
from tests.support.histories import history_of
from tests.support.planted_histories import buy, dies, fails, search, step


def back(who, begin, end, quantity=1):
    return (who, "refund", begin, end, "ok", None, quantity, None)


# operations, tickets, the count at the end, names, kinds of certificates, the first message
SALES = {
    "who holds": (
        [buy(1, 0, 1), buy(2, 2, 3), back(1, 4, 5), buy(3, 6, 7), buy(4, 8, 9)], 2, None,
        ["oversell"], ["too high"], ("buyer 2, buyer 3 and buyer 4 hold 3 tickets at one time: "
        "2 were there"),
    ),
    "a window": (
        [buy(1, 0, 100), back(9, 0, 10), buy(2, 50, 51), buy(3, 50, 51), back(8, 60, 200)], 1,
        None, ["oversell"], ["too high"],
        "buyer 3 and buyer 2 hold 2 tickets at one time: 1 was there",
    ),
    "more back than sold": (
        [buy(1, 0, 1), back(1, 2, 3), back(2, 4, 5)], 2, None, ["not-linearizable"], ["too low"],
        ("2 tickets came back from buyer 1 and buyer 2, although at most 1 can have been sold "
        "by then"),
    ),
    "back before it was sold": (
        [back(1, 2, 3), buy(1, 4, 5)], 2, None, ["not-linearizable"], ["too low"],
        "1 ticket came back from buyer 1, although none can have been sold by then",
    ),
    "a search too high": (
        [buy(1, 0, 1), back(1, 2, 3), buy(2, 4, 5), search(3, 6, 7, 2), search(3, 8, 9, 1)], 2, 1,
        ["stale-read"], ["too high"],
        "buyer 3's search answered 2 although 1 ticket went to buyer 2 before that",
    ),
    "a search too low": (
        [buy(1, 0, 1), back(1, 2, 3), search(3, 6, 7, 1), buy(2, 10, 11)], 2, 1,
        ["stale-read"], ["too low"],
        ("buyer 3's search answered 1 although 1 ticket came back from buyer 1 before that and "
        "at most 1 can have been sold by then"),
    ),
    "a search of a count that never was": (
        [buy(1, 0, 1), back(1, 2, 3), search(3, 6, 7, 0), buy(2, 10, 11)], 2, 1,
        ["not-linearizable"], ["too high"], None,
    ),
    "lost update": (
        [buy(1, 0, 1), back(1, 2, 3), buy(2, 4, 5), buy(3, 4, 5)], 3, 2,
        ["lost-update"], ["too high"],
        "3 tickets sold and 1 given back, yet the count went from 3 to 2",
    ),
    "one number twice": (
        [buy(1, 0, 1, 3), back(1, 2, 3), buy(2, 4, 5, 3), buy(3, 4, 5, 3)], 3, 2,
        ["oversell", "double-sold", "lost-update"], ["twice", "too high"],
        "buyer 2 and buyer 3 both hold ticket 3",
    ),
    "one number twice, given back in between": (
        [buy(1, 0, 1, 3), back(1, 2, 3), buy(2, 4, 5, 3)], 3, 2, [], [], None,
    ),
    "lost ticket": (
        [buy(1, 0, 1), back(1, 2, 3), buy(2, 4, 5)], 3, 1, ["lost-ticket"], ["too low"],
        ("the count went from 3 to 1, but 2 tickets were sold and 1 given back: 1 ticket was taken "
        "and sold to no buyer"),
    ),
    "a lost order explains it": (
        [buy(1, 0, 1), back(1, 2, 3), buy(2, 4, 5), dies(3, 0)], 3, 1, [], [], None,
    ),
    "sold out, then sold": (
        [buy(1, 0, 1), back(1, 2, 3), fails(2, 6, 7), buy(3, 8, 9)], 1, 0,
        ["phantom-sold-out"], ["too high"],
        "buyer 2 was told that it is sold out although 1 ticket went to buyer 3 afterwards",
    ),
    "sold out, while some were there": (
        [buy(1, 0, 1), back(1, 2, 3), fails(2, 6, 7), search(2, 8, 9, 2)], 2, 2,
        ["phantom-sold-out"], ["too high"], None,
    ),
    "a search below nothing": (
        [buy(1, 0, 1), back(1, 2, 3), buy(2, 4, 5), search(3, 6, 7, -1)], 1, None,
        ["negative-stock"], ["out of range"],
        "buyer 3 saw a count of -1: more was taken than there was",
    ),
    "an end below nothing": (
        [buy(1, 0, 1), back(1, 2, 3), buy(2, 4, 5), buy(3, 4, 5)], 1, -1,
        ["negative-stock", "oversell"], ["out of range", "too high"],
        "the sale ended with a count of -1: more was taken than there was",
    ),
    "more at once than there were": (
        [buy(1, 0, 1, None, 3), back(1, 2, 3, 3)], 2, None, ["oversell"], ["out of range"],
        "buyer 1 was sold 3 tickets: 2 were there",
    ),
    "orders of several quantities, no end like it": (
        [buy(1, 0, 9, None, 2), dies(2, 0, 3), dies(3, 0, 3)], 9, 2,
        ["not-linearizable"], ["no order"], None,
    ),
    "orders of several quantities, an older count": (
        [buy(1, 0, 1, None, 2), buy(2, 4, 5, None, 3), search(3, 2, 3, 9), dies(4, 6, 2)], 9, None,
        ["stale-read"], None, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SALES)
def test_a_fault_has_its_name_its_certificate_and_its_message(name):
    ops, tickets, remaining, names, kinds, message = SALES[name]
    decision = decide(columns_of(history_of(ops, tickets, remaining)))
    verdict = decision.verdict
    assert [one.name.value for one in verdict.anomalies] == names, verdict
    assert verdict.outcome is (Outcome.INVALID if names else Outcome.VALID)
    assert kinds is None or [proof.kind for proof in decision.certificates] == kinds
    assert all(one.evidence for one in verdict.anomalies)
    if message is not None:
        assert verdict.reason == message


def test_those_who_gave_back_long_ago_are_no_evidence():
    ops = [buy(0, 0, 1), buy(1, 2, 3)]
    for who in range(2, 60):
        ops += [back(who - 1, who * 10, who * 10 + 1), buy(who, who * 10 + 2, who * 10 + 3)]
    ops += [buy(99, 900, 901)]
    decision = decide(columns_of(history_of(ops, 2)))
    (oversell,) = decision.verdict.anomalies
    assert {event.process for event in oversell.evidence} == {0, 59, 99}
    assert (
        oversell.message
        == "buyer 0, buyer 59 and buyer 99 hold 3 tickets at one time: 2 were there"
    )


def test_a_race_is_shown_by_its_steps():
    steps = [
        step(2, 41, "read", saw=3), step(3, 42, "read", saw=3),
        step(2, 48, "replace", value=2), step(3, 49, "replace", value=2),
    ]  # fmt: skip
    ops = [buy(1, 0, 10), back(1, 20, 30), buy(2, 40, 50), buy(3, 40, 50)]
    (lost,) = decide(columns_of(history_of(ops, 3, 2, steps))).verdict.anomalies
    assert lost.message.endswith("buyer 2 and buyer 3 both read 3 before either wrote")


def test_one_wrong_search_among_thousands_is_named_and_no_search_is_needed():
    ops, left = [], 50
    for turn in range(3_000):
        begin = turn * 10
        if left and turn % 3:
            ops.append(buy(turn % 7, begin, begin + 5, left))
            left -= 1
        elif left < 50:
            ops.append(back(turn % 7, begin, begin + 5))
            left += 1
        else:
            ops.append(search(turn % 7, begin, begin + 5, left))
    ops.append(search(8, 15_007, 15_008, 49))
    decision = decide(columns_of(history_of(ops, 50, left)), states_max=1)
    assert [one.name.value for one in decision.verdict.anomalies] == ["stale-read"]
    assert "buyer 8's search answered 49" in decision.verdict.reason
