"""A witness plays out in real processes, each time the same; so does any order that is chosen."""

from __future__ import annotations

import os

import msgspec
import pytest

from booking.core.counterexample import CounterexampleStep, load
from booking.core.scenario import from_flags
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import UsageError
from booking.experiments.replay import replay, run_scheduled
from tests.support.explorations import explored, shop


@pytest.mark.parametrize("store", ["json", "json-inplace", "memory", shop("Shop")])
def test_a_witness_comes_out_the_same_every_time(store):
    """Twenty of twenty, in processes of the operating system."""
    witness = explored(4, 3, store=store).witness
    played = replay(witness, 20)
    assert (played.same, played.difference) == (20, None)
    assert witness.anomaly in [one.name for one in played.verdict.anomalies]


def test_ten_buyers_replay_a_hundred_times():
    """What the command promises: 100 of 100."""
    played = replay(explored(10, 3, first=True).witness, 100)
    assert (played.same, played.outcome) == (100, Outcome.INVALID)


@pytest.mark.parametrize("lock", ["flock", "filelock", "soft", "mutex"])
def test_a_wait_that_ends_is_replayed_with_every_lock(lock):
    """An order in which somebody gives up: the held lock is really asked for, and says no."""
    limited = explored(2, 2, lock=lock, timeouts=True)
    witness = msgspec.structs.replace(
        explored(2, 2).witness, lock=lock, guard="lock", timeouts=True
    )
    locked = f"data.json.lock{'.soft' if lock == 'soft' else ''}"
    name = "mutex" if lock == "mutex" else locked
    steps = [
        CounterexampleStep(0, "acquire", name, saw=1),
        CounterexampleStep(1, "acquire", name, saw=0),
        CounterexampleStep(0, "read", "data.json", saw=2),
    ]
    played = replay(msgspec.structs.replace(witness, steps=steps, tickets=2), 2)
    difference = played.difference or ""
    assert "step" not in difference  # every step was as it is written; the judge decides the rest
    assert limited.exploration.complete


def test_a_witness_that_does_not_come_true_is_unknown():
    """Planted: it says that a buyer saw what nobody ever wrote."""
    witness = explored(2, 1).witness
    wrong = msgspec.structs.replace(witness.steps[1], saw=7)
    steps = [witness.steps[0], wrong, *witness.steps[2:]]
    played = replay(msgspec.structs.replace(witness, steps=steps), 3)
    assert (played.same, played.outcome) == (0, Outcome.UNKNOWN)
    assert "saw 7" in played.difference


def test_a_witness_whose_steps_are_barred_is_unknown():
    """Planted: under a lock the second buyer can't read yet."""
    witness = explored(2, 1).witness
    played = replay(msgspec.structs.replace(witness, guard="lock", lock="flock"), 2)
    assert played.same == 0
    assert played.difference is not None


def test_one_process_cannot_be_replayed_in_several():
    """`memory-shared` is for exploring; the refusal names what to use."""
    with pytest.raises(UsageError, match="--store json"):
        replay(explored(2, 1, store="memory-shared").witness)
    with pytest.raises(UsageError, match="--store json"):
        run_scheduled(from_flags({"store": "memory-shared"}).but(seed=1), "random")


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
    """Who goes on follows from the seed, and from nothing else."""
    scenario = from_flags({"buyers": 4, "tickets": 2}).but(seed=7)
    one, other = (run_scheduled(scenario, name) for _ in range(2))
    told = [[(s.process, s.f, s.value, s.saw) for s in x.history.steps()] for x in (one, other)]
    assert told[0] == told[1]


@pytest.mark.parametrize("name", ["random", "pct"])
def test_a_chosen_order_finds_the_race_and_a_lock_survives_it(name, tmp_path):
    """Within a few seeds without a lock; with one, whoever waits does not hold the schedule up."""
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


def test_anomalies_of_a_replay_are_the_judges_own():
    """The same judge as of every real sale."""
    played = replay(explored(2, 1).witness)
    assert AnomalyName.DOUBLE_SOLD in [one.name for one in played.verdict.anomalies]
