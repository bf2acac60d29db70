"""The exact check and a checker that tries every order agree, on tens of thousands of histories.

And a check that crashes, or that cannot decide, is unknown.
"""

from __future__ import annotations

import random

import pytest

from booking.checker import check
from booking.checker import decide as decide_function
from booking.core.verdict import Outcome
from tests.support.brute_force import linearizable, linearizable_by_permutations
from tests.support.checking import columns_of, compare
from tests.support.histories import history_of, random_history
from tests.support.planted_histories import buy, dies, fails, search
from tests.unit.checker.test_certificate import OVERFULL


@pytest.mark.sweep(usual=lambda seed: seed < 4)
@pytest.mark.parametrize("seed", range(16))
def test_orders_of_one_quantity(seed):
    rng = random.Random(seed)
    counts = {"valid": 0, "invalid": 0}
    for _ in range(2_000):
        quantity = rng.choice([1, 1, 1, 2, 3])
        counts[compare(random_history(rng, (quantity,)))] += 1
    assert min(counts.values()) > 300, counts  # both answers are put to the test


@pytest.mark.sweep(usual=lambda seed: seed < 1)
@pytest.mark.parametrize("seed", range(4))
def test_orders_of_several_quantities_and_refunds(seed):
    rng = random.Random(1_000 + seed)
    counts = {"valid": 0, "invalid": 0}
    for _ in range(1_000):
        counts[compare(random_history(rng, (1, 2, 3)))] += 1
        counts[compare(random_history(rng, (1,), refunds=True))] += 1
    assert min(counts.values()) > 300, counts


def test_the_two_brute_force_checkers_agree():
    """Permutations are too plain to be wrong; they confirm the search that the sweeps rely on."""
    rng = random.Random(7)
    answers = {True: 0, False: 0}
    while sum(answers.values()) < 500:
        history = random_history(rng, (1, 2), refunds=True)
        operations = history.operations()
        if len(operations) <= 5 and all(op.outcome != "info" for op in operations):
            answer = linearizable(history)
            assert linearizable_by_permutations(history) == answer, history
            answers[answer] += 1
    assert min(answers.values()) > 50, answers


def test_a_check_that_crashes_is_unknown(monkeypatch):
    def crash(*_, **__):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("booking.checker.decision.solve", crash)
    verdict = check(history_of([buy(1, 0, 1)], 3))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "planted" in verdict.reason


def test_a_crash_never_hides_what_another_rule_has_found(monkeypatch):
    def crash(*_, **__):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("booking.checker.decision.solve", crash)
    verdict = check(history_of([fails(1, 0, 1, "torn-read")], 3))
    assert verdict.outcome is Outcome.INVALID


def test_a_certificate_that_does_not_hold_is_our_defect(monkeypatch):
    monkeypatch.setattr("booking.checker.decision.verify", lambda *_: False)
    verdict = check(history_of(OVERFULL, 3))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "defect" in verdict.reason


def test_a_search_within_its_budget_says_so():
    rng = random.Random(5)
    ops = [(n, "buy", 0, None, "info", None, rng.randint(50, 99) * 10**7, None) for n in range(20)]
    ops += [dies(50, 0, 3), search(60, 1, 2, 10**10 - 13)]  # 13 more than a round number
    columns = columns_of(history_of(ops, 2 * 10**10))
    verdict = decide_function(columns, states_max=500).verdict
    assert verdict.outcome is Outcome.UNKNOWN
    assert "500 states" in verdict.reason


def test_a_sum_that_nothing_pending_makes_up_needs_no_budget():
    ops = [(n, "buy", 0, None, "info", None, 2 * n + 40, None) for n in range(20)]
    ops += [dies(50, 0, 3)]
    for left, outcome in ((997, Outcome.VALID), (999, Outcome.INVALID)):
        history = history_of([*ops, search(60, 1, 2, left)], 1_000)
        assert decide_function(columns_of(history), states_max=1).verdict.outcome is outcome
