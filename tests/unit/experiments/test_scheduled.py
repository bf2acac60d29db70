"""A sale of real processes under a scheduler: the seed decides, and a race becomes a file."""

from __future__ import annotations

import os

import pytest

from booking.core.counterexample import load
from booking.core.scenario import from_flags
from booking.core.verdict import Outcome
from booking.errors import UsageError
from booking.experiments.replay import replay
from booking.experiments.scheduled import run_scheduled


def test_each_buyer_is_a_process_and_none_is_left():
    """Every step was announced by a process of its own."""
    scenario = from_flags({"buyers": 3, "tickets": 2}).but(seed=1)
    sale = run_scheduled(scenario, "random")
    pids = {one.pid for one in sale.history.steps()}
    assert len(pids) == 3
    assert os.getpid() not in pids
    assert sale.history.end.orphans == sale.history.end.zombies == 0


@pytest.mark.parametrize("name", ["random", "pct"])
def test_equal_seeds_give_equal_orders(name):
    """The order of the steps follows from the seed, and from nothing else."""
    scenario = from_flags({"buyers": 4, "tickets": 2}).but(seed=7)
    one, other = (run_scheduled(scenario, name) for _ in range(2))
    steps = [[(s.process, s.f, s.value, s.saw) for s in x.history.steps()] for x in (one, other)]
    assert steps[0] == steps[1]


@pytest.mark.parametrize("name", ["random", "pct"])
def test_a_chosen_order_finds_the_race_and_a_lock_survives_it(name, tmp_path):
    """Within a few seeds without a lock; with one, a waiting buyer does not stop the schedule."""
    bare = from_flags({"buyers": 4, "tickets": 2})
    path = tmp_path / "w.json"
    for seed in range(5):
        sale = run_scheduled(bare.but(seed=seed), name, path)
        if sale.verdict.outcome is Outcome.INVALID:
            break
    assert sale.verdict.outcome is Outcome.INVALID
    witness = load(path)
    assert len(witness.steps) <= 6
    assert len({step.buyer for step in witness.steps}) == 2
    assert replay(witness, 5).same == 5
    locked = bare.but(guard="lock", lock="flock", seed=seed, control=False)
    assert run_scheduled(locked, name).verdict.outcome is Outcome.VALID


def test_a_store_of_one_process_cannot_be_scheduled_in_several():
    """`memory-shared` is for exploring; the refusal names what to use."""
    with pytest.raises(UsageError, match="--store json"):
        run_scheduled(from_flags({"store": "memory-shared"}).but(seed=1), "random")


def test_an_unknown_schedule_is_refused():
    """The refusal lists the registered ones."""
    with pytest.raises(UsageError, match="random, pct"):
        run_scheduled(from_flags({}).but(seed=1), "luck")
