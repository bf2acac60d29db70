"""Of observations that disagree, the wrong one is named; the earliest where several are wrong."""

from __future__ import annotations

import random

import pytest

from booking.checker import check
from tests.support.brute_force import linearizable
from tests.support.histories import history_of, valid_operations
from tests.support.planted_histories import buy, fails, search


def found(ops, tickets, remaining=None):
    verdict = check(history_of(ops, tickets, remaining))
    return [(one.name.value, one.message) for one in verdict.anomalies]


def phantom(ops, tickets, remaining=None):
    (message,) = [text for name, text in found(ops, tickets, remaining) if "phantom" in name]
    return message


def test_the_earliest_wrong_sold_out_is_named_though_a_later_one_proves_more():
    """Buyer 1 wanted two and buyer 2 one; both were there until the end."""
    ops = [fails(1, 0, 0, quantity=2), fails(2, 1, 3), buy(3, 5, 6)]
    assert phantom(ops, 3, 2).startswith("buyer 1 came for 2 tickets and was told")


def test_a_sold_out_that_is_right_is_not_named():
    ops = [fails(1, 0, 1), buy(2, 2, 3), fails(3, 4, 5)]
    assert phantom(ops, 1, 0).startswith("buyer 1 was told")
    ops = [buy(2, 2, 3), fails(3, 4, 5, quantity=2), fails(4, 6, 7), buy(5, 8, 9)]
    assert phantom(ops, 2, 0).startswith("buyer 4 was told")


@pytest.mark.sweep(usual=lambda seed: seed < 2)
@pytest.mark.parametrize("seed", range(8))
def test_the_named_sold_out_is_the_first_that_is_wrong_by_itself(seed):
    rng = random.Random(seed)
    named = 0
    for _ in range(1_000):
        tickets, ops = rng.choice([2, 3, 4]), []
        for who in range(rng.randint(2, 6)):
            begin = who * 2 + rng.choice([0, 1, 2])
            done, quantity = begin + rng.choice([0, 1, 3]), rng.choice([1, 1, 2])
            make = rng.choice([buy, fails])
            ops.append(make(who, begin, done, quantity=quantity))
        sold = [op for op in ops if op[4] == "ok"]
        remaining = rng.choice([None, tickets - sum(op[6] for op in sold)])
        if not linearizable(history_of(sold, tickets, remaining)):
            continue
        refused = [op for op in ops if op[4] == "fail"]
        wrong = [
            op for op in refused if not linearizable(history_of([*sold, op], tickets, remaining))
        ]
        if wrong:
            named += 1
            first = min(op[3] for op in wrong)
            told = phantom(ops, tickets, remaining)
            assert any(told.startswith(f"buyer {x[0]} ") for x in wrong if x[3] == first), ops
    assert named > 200


def test_a_search_that_saw_too_few_is_wrong_and_a_later_one_that_saw_more_is_not_stale():
    """No ticket was sold by the time of the first search; the second is right."""
    ops = [search(1, 0, 1, 1), search(2, 2, 3, 3)]
    ((name, message),) = found(ops, 3, 3)
    assert name == "not-linearizable"
    assert "buyer 1's search answered 1" in message


def test_a_search_that_saw_too_few_is_no_lost_ticket_where_a_later_one_saw_more():
    ops = [search(1, 0, 1, 1), search(2, 2, 3, 3)]
    assert [name for name, _ in found(ops, 3)] == ["not-linearizable"]
    assert [name for name, _ in found(ops[:1], 3)] == ["lost-ticket"]


def test_a_search_that_saw_too_many_is_stale_also_where_only_the_end_shows_it():
    ops = [buy(1, 0, 1), search(2, 2, 3, 3), buy(3, 4, 5)]
    assert [name for name, _ in found(ops, 3, 1)] == ["stale-read"]


@pytest.mark.parametrize("seed", range(4))
def test_a_search_that_was_changed_is_the_one_that_is_named(seed):
    """Sales and end are right, and one search is off: only that one can be the culprit."""
    rng = random.Random(seed)
    named = 0
    while named < 100:
        tickets = rng.choice([3, 4])
        ops, left = valid_operations(rng, tickets, 3, 6, 1, 0.1)
        ops = [(*op[:5], None if op[1] == "buy" else op[5], *op[6:]) for op in ops]
        searches = [at for at, op in enumerate(ops) if op[1] == "search"]
        sales = [op for op in ops if op[1] != "search"]
        if not searches:
            continue
        at = rng.choice(searches)
        off = ops[at][5] + rng.choice([-1, 1])
        ops[at] = (*ops[at][:5], off, *ops[at][6:])
        if not 0 <= off <= tickets or linearizable(history_of([*sales, ops[at]], tickets, left)):
            continue
        named += 1
        ((_, message),) = found(ops, tickets, left)
        assert f"buyer {ops[at][0]}'s search answered {off}" in message, (ops, message)
