"""A proof about a user's code is confirmed by sales that press, or it is none."""

from __future__ import annotations

import pytest

from booking.core.assembly import Assembly, assemble
from booking.core.scenario import Scenario, from_flags
from booking.core.verdict import Outcome, Verdict
from booking.experiments import confirmation
from booking.experiments.confirmation import caveats_of
from booking.experiments.sale import Sale
from booking.history.model import History
from tests.support.explorations import explored, shop


class Sales:
    """Stands in for the sales of real processes: keeps each, and answers with one outcome."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.run: list[Scenario] = []

    def __call__(self, scenario: Scenario) -> Sale:
        self.run.append(scenario)
        return Sale(assemble(scenario), History(40, 0), Verdict(self.outcome, "so it was"))


def foreign(**more: object) -> Assembly:
    """Return a sale of a user's store with a lock of ours."""
    return assemble(from_flags({"store": shop("Classy"), "lock": "flock", **more}))


def answering(monkeypatch: pytest.MonkeyPatch, outcome: Outcome) -> Sales:
    sales = Sales(outcome)
    monkeypatch.setattr(confirmation, "run_sale", sales)
    monkeypatch.setattr(confirmation, "_pressed", {})
    return sales


def test_it_is_pressed_with_every_quantity_and_several_seeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four buyers until forty tickets are sold; and the last ones are fewer than an order."""
    sales = answering(monkeypatch, Outcome.VALID)
    assert caveats_of(foreign(buyers=2, tickets=2), [2, 1, 1]) == []
    seen = [(one.seed, one.quantity, one.buyers, one.tickets) for one in sales.run]
    assert seen == [(seed, *of) for seed in range(3) for of in ((1, 4, 40), (2, 4, 41))]
    assert all(one.until_sold_out and one.delay.high_s > 0 for one in sales.run)
    assert caveats_of(foreign(buyers=2, tickets=2), [1, 2]) == []
    assert len(sales.run) == len(seen)  # the same code in the same sales is known


@pytest.mark.parametrize(
    "outcome, said", [(Outcome.INVALID, "fail"), (Outcome.UNKNOWN, "do not confirm it")]
)
def test_only_a_valid_sale_confirms(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, said: str
) -> None:
    """Both stories are told: the one of the exploration, and that of the real processes."""
    answering(monkeypatch, outcome)
    (caveat,) = caveats_of(foreign(), [1])
    assert str(caveat) == (
        "a sale of real processes: sound when explored in one process, but real processes "
        f"{said}: so it was"
    )


def test_our_own_code_is_not_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tested elsewhere."""
    sales = answering(monkeypatch, Outcome.INVALID)
    assert caveats_of(assemble(from_flags({"lock": "flock"})), [1]) == []
    assert sales.run == []


@pytest.mark.parametrize("store", ["InClass", "InModule"])
def test_what_processes_do_not_share_is_found(store: str) -> None:
    """Kept in a class, or in a module."""
    from tests.trust.catalogue import VARIANTS

    of = VARIANTS[store]
    proof = explored(of.buyers, of.tickets, store=of.store, guard=of.guard, lock=of.lock)
    assert proof.exploration.outcome is Outcome.UNKNOWN
    assert "real processes fail" in proof.reason


@pytest.mark.parametrize("search", [False, True])
def test_a_sale_that_presses_has_an_end_where_buyers_never_stop(search: bool) -> None:
    """By the time; where they search as well, by what is left."""
    scenario = from_flags({"store": "json", "lock": "flock", "seed": 7}).but(search=search)
    sale = confirmation._pressing(scenario, 1)
    assert (sale.buy_for is None, sale.until_sold_out) == (search, search)
    assert sale.seed == 0  # the same whatever the seed of the proof: it is run once
