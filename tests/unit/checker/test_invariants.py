"""Histories that are valid by construction stay valid; with one fault planted they do not."""

from __future__ import annotations

import random

import pytest

from booking.checker import check
from booking.core.verdict import Outcome
from booking.history.model import History
from tests.support.checking import compare_large
from tests.support.histories import history_of, valid_operations

SEEDS = range(40)
AFTER = 10**6  # later than everything
pytestmark = pytest.mark.sweep(usual=lambda seed: seed < 10)


def sound(seed: int, unknown: float = 0.0, quantity: int = 1):
    rng = random.Random(seed)
    tickets = rng.choice([4, 9, 40]) * quantity
    ops, left = valid_operations(rng, tickets, rng.choice([3, 30]), 120, quantity, unknown)
    return rng, tickets, ops, left


def names(history: History) -> set[str]:
    verdict = check(history)
    assert verdict.outcome is Outcome.INVALID, verdict
    return {one.name.value for one in verdict.anomalies}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("quantity", [1, 3])
def test_what_is_valid_by_construction_stays_valid(seed, quantity):
    _, tickets, ops, left = sound(seed, 0.2, quantity)
    compare_large(history_of(ops, tickets, left))
    compare_large(history_of(ops, tickets, None))


@pytest.mark.parametrize("seed", SEEDS)
def test_one_sale_too_many_is_an_oversell(seed):
    _, tickets, ops, left = sound(seed)
    more = [(100 + n, "buy", AFTER, AFTER + 1, "ok", None, 1, None) for n in range(left + 1)]
    assert "oversell" in names(history_of(ops + more, tickets, None))


@pytest.mark.parametrize("seed", SEEDS)
def test_one_number_twice_is_a_ticket_sold_twice(seed):
    rng, tickets, ops, _ = sound(seed)
    numbered = [op for op in ops if op[1] == "buy" and op[5] is not None]
    number = rng.choice(numbered)[5] if numbered else tickets
    twice = [(n, "buy", 0, AFTER, "ok", number, 1, None) for n in range(100, 102)]
    assert "double-sold" in names(history_of([*ops, *twice], tickets, None))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_count_that_did_not_fall_is_a_lost_update(seed):
    _, tickets, ops, left = sound(seed)
    assert "lost-update" in names(history_of(ops, tickets, left + 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_count_that_fell_too_far_is_a_lost_ticket(seed):
    _, tickets, ops, left = sound(seed)
    wanted = "lost-ticket" if left else "negative-stock"
    assert wanted in names(history_of(ops, tickets, left - 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_older_count_is_a_stale_read(seed):
    _, tickets, ops, left = sound(seed)
    late = (100, "search", AFTER, AFTER + 1, "ok", left + 1, 1, None)
    assert names(history_of([*ops, late], tickets, left)) == {"stale-read"}


@pytest.mark.parametrize("seed", SEEDS)
def test_sold_out_before_anybody_came_is_a_phantom(seed):
    _, tickets, ops, left = sound(seed)
    early = (100, "buy", -9, -5, "fail", None, 1, "sold-out")
    assert "phantom-sold-out" in names(history_of([*ops, early], tickets, left))


@pytest.mark.parametrize("seed", SEEDS)
def test_sold_out_while_tickets_are_left_is_an_undersell(seed):
    _, tickets, ops, left = sound(seed)
    away = (100, "buy", 0, AFTER, "fail", None, 1, "sold-out")
    assert "undersell" in names(history_of([*shifted(ops), away], tickets + 1, left + 1))


def shifted(ops):
    """Return the operations of a sale with one ticket more."""
    return [(*op[:5], None if op[5] is None else op[5] + 1, *op[6:]) for op in ops]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_count_below_nothing_is_negative_stock(seed):
    _, tickets, ops, left = sound(seed)
    below = (100, "search", AFTER, AFTER + 1, "ok", -1, 1, None)
    assert "negative-stock" in names(history_of([*ops, below], tickets, left))
