"""A count that can rise: the bounds are sound, the latest order is exact, all is certified."""

from __future__ import annotations

import random
from dataclasses import replace
from math import inf

import msgspec
import pytest

from booking.checker.certificate import verify
from booking.checker.operations import Op
from booking.checker.order_proof import ORDERED_MAX
from booking.checker.returns.count_problem import CountProblem, order_or_refute
from booking.checker.returns.excess import Stock, refute_counts
from booking.checker.returns.latest_order import latest_order
from booking.checker.search.unorderable import no_order
from tests.support.random_counts import follows, has_order, long_sale, random_counts


@pytest.mark.sweep(usual=lambda seed: seed < 1)
@pytest.mark.parametrize("seed", range(8))
def test_without_observations_the_latest_order_is_exact(seed):
    rng = random.Random(seed)
    answers = {True: 0, False: 0}
    for _ in range(1_500):
        ops, tickets = random_counts(rng, observed=False)
        expected = has_order(ops, tickets)
        proof = refute_counts(ops, Stock(tickets, 1))
        assert proof is None or (not expected and verify(proof, tickets, 1, ops)), (ops, proof)
        order = latest_order(ops, tickets)
        assert (order is not None) == expected, (tickets, ops)
        assert order is None or follows(ops, order, tickets), (tickets, ops, order)
        answers[expected] += 1
    assert min(answers.values()) > 200, answers


def test_what_both_bounds_allow_and_no_order_does_is_refuted_by_its_operations():
    """A refund forces an order to be early, which is then one too many later."""
    rows = [
        ("maybe-refund", 0, inf), ("buy", 3, 5), ("refund", 1, 2), ("buy", 3, 4),
        ("refund", 1, 1), ("buy", 0, 0), ("buy", 0, 0), ("maybe", 0, inf),
    ]  # fmt: skip
    ops = [
        Op(what, at, 2 * at, 2 * at + 1, begin, end, 1)
        for at, (what, begin, end) in enumerate(rows)
    ]
    assert not has_order(ops, 1)
    assert refute_counts(ops, Stock(1, 1)) is None
    proof = order_or_refute(CountProblem(ops, Stock(1, 1), False), 1)
    assert proof.kind == "no order"
    assert verify(proof, 1, 1, ops)


@pytest.mark.sweep(usual=lambda seed: seed < 1)
@pytest.mark.parametrize("seed", range(8))
def test_with_observations_and_quantities_they_are_sound(seed):
    rng = random.Random(seed)
    found = {True: 0, False: 0}
    for _ in range(1_500):
        ops, tickets = random_counts(rng, observed=True, quantities=rng.choice([(1,), (1, 2, 3)]))
        expected = has_order(ops, tickets)
        proof = refute_counts(ops, Stock(tickets, 1))
        assert proof is None or (not expected and verify(proof, tickets, 1, ops)), (ops, proof)
        order = latest_order(ops, tickets)
        if order is not None and all(x.low is None for x in ops):
            assert follows(ops, order, tickets), (tickets, ops, order)
        if not expected:
            found[proof is not None] += 1
    assert found[True] > 20 * found[False] > 0, found  # the search is left very little


@pytest.mark.sweep(usual=lambda seed: seed < 1)
@pytest.mark.parametrize("seed", range(8))
def test_what_the_search_cannot_order_is_made_small_and_verified(seed):
    rng = random.Random(seed)
    made = smaller = 0
    while made < 60:
        ops, tickets = random_counts(rng, observed=True, quantities=(1, 2))
        if has_order(ops, tickets):
            continue
        proof = no_order(ops, Stock(tickets, 1))
        assert proof.is_verifiable
        assert verify(proof, tickets, 1, ops), (tickets, ops, proof)
        made += 1
        smaller += len(proof.members) < len(ops)
        for x in ops:  # nothing that is missing in the claim may have made the difference
            fewer = tuple(y for y in proof.members if y.index != x.index)
            if len(fewer) < len(proof.members) and x.quantity:
                weaker = replace(proof, members=fewer)
                assert not verify(weaker, tickets, 1, ops) or not has_order(
                    [y for y in ops if y.index != x.index], tickets
                )
    assert smaller > 30


def test_a_long_sale_is_right_and_one_wrong_search_in_it_is_found():
    rng = random.Random(3)
    ops = long_sale(rng, 4_000)
    stock = Stock(50, 1)
    assert refute_counts(ops, stock) is None
    searches = [at for at, x in enumerate(ops) if x.what == "search"]
    for off in (20, -20):
        at = next(at for at in searches[50:] if 0 <= ops[at].low + off <= 50)
        wrong = msgspec.structs.replace(ops[at], low=ops[at].low + off, high=ops[at].low + off)
        changed = [*ops[:at], wrong, *ops[at + 1 :]]
        proof = refute_counts(changed, stock)
        assert proof is not None
        assert verify(proof, 50, 1, changed)
        assert wrong in {proof.before, proof.after}


def proof_of(seed: int, kind: str):
    rng = random.Random(seed)
    while True:
        ops, tickets = random_counts(rng, observed=True)
        proof = refute_counts(ops, Stock(tickets, 1))
        if proof is not None and proof.kind == kind and (len(proof.members) > 1 or kind == "twice"):
            return proof, tickets, ops


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["too high", "too low"])
def test_a_certificate_that_claims_too_much_does_not_hold(seed, kind):
    proof, tickets, ops = proof_of(seed, kind)
    sign = 1 if kind == "too high" else -1
    assert verify(proof, tickets, 1, ops)
    for wrong in (
        replace(proof, members=proof.members * 2),
        replace(proof, members=()),
        replace(proof, against=proof.against + 1),
        replace(proof, high=proof.high - sign * 1, against=proof.against),
        replace(proof, low=proof.low + sign * 9),
        replace(proof, before=proof.after, after=proof.before)
        if proof.before and proof.after
        else replace(proof, kind="twice"),
    ):
        assert not verify(wrong, tickets, 1, ops), wrong


def test_an_order_of_unknown_outcome_that_was_forgotten_undoes_the_proof():
    proof, tickets, ops = proof_of(1, "twice")
    back = msgspec.structs.replace(
        proof.members[0], what="maybe-refund", index=99, invoked=-9, returned=float("inf"),
        low=None, high=None, quantity=9,
    )  # fmt: skip
    assert verify(proof, tickets, 1, ops)
    assert not verify(proof, tickets, 1, [*ops, back])


def test_more_operations_than_can_be_tried_are_not_called_verified():
    ops = long_sale(random.Random(1), 40)
    proof = no_order(ops, Stock(50, 1))  # as if the search had said so
    assert len(proof.members) > ORDERED_MAX
    assert not proof.is_verifiable
    assert not verify(proof, 50, 1, ops)
