"""A counterexample plays out in real processes, each time the same."""

from __future__ import annotations

import msgspec
import pytest

from booking.core.counterexample import CounterexampleStep
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import UsageError
from booking.experiments.replay import replay
from tests.support.explorations import explored, shop


@pytest.mark.parametrize("store", ["json", "json-inplace", "memory", shop("Shop")])
def test_a_witness_comes_out_the_same_every_time(store):
    """Twenty of twenty, in processes of the operating system."""
    witness = explored(4, 3, store=store).counterexample
    played = replay(witness, 20)
    assert (played.same, played.difference) == (20, None)
    assert witness.anomaly in [one.name for one in played.verdict.anomalies]


def test_ten_buyers_replay_a_hundred_times():
    """What the command promises: 100 of 100."""
    played = replay(explored(10, 3, first=True).counterexample, 100)
    assert (played.same, played.outcome) == (100, Outcome.INVALID)


@pytest.mark.parametrize("lock", ["flock", "filelock", "soft", "mutex"])
def test_a_wait_that_ends_is_replayed_with_every_lock(lock):
    """An order in which a buyer gives up: the held lock is really asked for, and says no."""
    limited = explored(2, 2, lock=lock, timeouts=True)
    witness = msgspec.structs.replace(
        explored(2, 2).counterexample, lock=lock, guard="lock", timeouts=True
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
    assert "step" not in difference  # every step was as it is written; the checker decides the rest
    assert limited.exploration.complete


def test_a_witness_that_does_not_come_true_is_unknown():
    """Planted: it says that a buyer saw what no buyer ever wrote."""
    witness = explored(2, 1).counterexample
    wrong = msgspec.structs.replace(witness.steps[1], saw=7)
    steps = [witness.steps[0], wrong, *witness.steps[2:]]
    played = replay(msgspec.structs.replace(witness, steps=steps), 3)
    assert (played.same, played.outcome) == (0, Outcome.UNKNOWN)
    assert "saw 7" in played.difference


def test_a_witness_whose_steps_are_barred_is_unknown():
    """Planted: under a lock the second buyer can't read yet."""
    witness = explored(2, 1).counterexample
    played = replay(msgspec.structs.replace(witness, guard="lock", lock="flock"), 2)
    assert played.same == 0
    assert played.difference is not None


def test_one_process_cannot_be_replayed_in_several():
    """`memory-shared` is for exploring; the refusal names what to use."""
    with pytest.raises(UsageError, match="--store json"):
        replay(explored(2, 1, store="memory-shared").counterexample)


def test_a_replay_is_checked_like_every_real_sale():
    """Its anomalies are those of the same checker."""
    played = replay(explored(2, 1).counterexample)
    assert AnomalyName.DOUBLE_SOLD in [one.name for one in played.verdict.anomalies]
