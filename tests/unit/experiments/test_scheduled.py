"""A sale of real processes under a scheduler: the seed decides, and a race becomes a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import pytest

from booking.checker import Columns, decide
from booking.core.counterexample import load
from booking.core.data_files import Permission
from booking.core.scenario import from_flags
from booking.core.verdict import Outcome, Verdict
from booking.errors import UsageError
from booking.experiments.replay import replay
from booking.experiments.sale import Sale
from booking.experiments.scheduled import run_scheduled
from booking.guards.none import NoGuard
from booking.history import read
from booking.history.model import dump

LOCKS = "tests.support.user_locks"
NO_LOCK = "tests.support.planted:NoLock"


def checked(sale: Sale, path: Path) -> Verdict:
    """Return what `check` says of the history that a sale saves."""
    dump(sale.history, path)
    columns = Columns()
    for events in read(path).chunks():
        columns.feed(events)
    columns.close()
    return decide(columns, answers_needed=True).verdict


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


def test_a_sale_with_a_clerk_is_refused():
    """No order of its steps was chosen: every buyer died of an error, and that was unknown."""
    with pytest.raises(UsageError, match="a sale with a clerk"):
        run_scheduled(from_flags({"buyers": 3, "tickets": 2, "guard": "clerk"}), "random")


def test_an_unknown_schedule_is_refused():
    """The refusal lists the registered ones."""
    with pytest.raises(UsageError, match="random, pct"):
        run_scheduled(from_flags({}).but(seed=1), "luck")


@pytest.mark.parametrize("name", ["random", "pct"])
@pytest.mark.parametrize("lock", [NO_LOCK, f"{LOCKS}:RefusalFrees"])
def test_a_lock_that_lets_a_second_buyer_in_is_found_and_replayed(lock, name, tmp_path):
    """The lock answers, not the harness; who holds it and who was let in are the evidence."""
    scenario = from_flags({"buyers": 3, "tickets": 3, "lock": lock}).but(
        control=False, search=False
    )
    path = tmp_path / "w.json"
    outcomes = []
    for seed in range(12):
        sale = run_scheduled(scenario.but(seed=seed), name, path)
        verdict = sale.verdict
        outcomes.append(verdict.outcome)
        assert "was let in while buyer" in verdict.reason
        saved = checked(sale, tmp_path / "sale.jsonl")
        assert (saved.outcome, saved.reason) == (verdict.outcome, verdict.reason)
        if verdict.outcome is Outcome.INVALID:
            break
    assert Outcome.VALID not in outcomes
    assert outcomes[-1] is Outcome.INVALID
    played = replay(load(path, Permission(code=True)), 5)
    assert (played.same, played.difference) == (5, None)


class ByTheClock(NoGuard):
    """No exploration can show what it does."""

    by_the_clock: ClassVar[bool] = True


def test_a_race_that_cannot_be_explored_is_saved_whole(tmp_path):
    """Nothing shortens it, and the sale keeps its verdict."""
    scenario = from_flags({"buyers": 3, "tickets": 2, "guard": f"{__name__}:ByTheClock"})
    path = tmp_path / "w.json"
    outcomes = [
        run_scheduled(scenario.but(seed=s), "random", path).verdict.outcome for s in range(4)
    ]
    assert Outcome.INVALID in outcomes
    assert replay(load(path, Permission(code=True)), 2).same == 2


def test_a_buyer_that_is_let_in_without_harm_is_a_doubt(tmp_path):
    """Two are inside at once, and both find it sold out: no anomaly, and no proof either."""
    scenario = from_flags({"buyers": 2, "tickets": 1, "quantity": 2, "lock": NO_LOCK})
    sale = run_scheduled(scenario.but(seed=1, control=False), "random")
    verdict = sale.verdict
    saved = checked(sale, tmp_path / "sale.jsonl")
    assert (saved.outcome, saved.reason) == (verdict.outcome, verdict.reason)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason.startswith("lock nothing: buyer ")


def test_a_release_by_a_buyer_that_does_not_hold_lets_another_one_in():
    """The harness keeps no buyer out whom the lock would let in."""
    given = {
        "buyers": 4,
        "tickets": 4,
        "lock": f"{LOCKS}:Marker",
        "guard": f"{LOCKS}:ReleasesTwice",
    }
    scenario = from_flags(given).but(control=False)
    verdicts = [run_scheduled(scenario.but(seed=seed), "random").verdict for seed in range(8)]
    assert any("was let in while buyer" in verdict.reason for verdict in verdicts)


@pytest.mark.parametrize("lock", ["flock", "filelock", "soft", "mutex", f"{LOCKS}:Marker"])
def test_asking_a_held_lock_leaves_the_sale_as_it_was(lock):
    """A sound lock refuses; a wait is no step, and no buyer hangs."""
    scenario = from_flags({"buyers": 4, "tickets": 3, "lock": lock}).but(control=False, seed=3)
    sale = run_scheduled(scenario, "random")
    assert sale.verdict.outcome is Outcome.VALID
    acquires = [step.saw for step in sale.history.steps() if step.f == "acquire"]
    assert acquires == [1, 1, 1, 1]


def test_a_lock_that_stays_held_ends_in_a_hang_and_not_in_a_loop():
    """Nothing holds it by the steps, and it refuses: each buyer is asked, and none spins."""
    scenario = from_flags({"buyers": 2, "lock": f"{LOCKS}:KeepsMarker"})
    sale = run_scheduled(scenario.but(control=False, seed=1, timeout=1.0), "random")
    assert sale.history.end.hung in ([1], [0])
    assert sale.verdict.outcome is Outcome.INVALID


def test_the_control_runs_free() -> None:
    """It shall race: of ten orders that pct chose, seven let each buyer buy alone."""
    scenario = from_flags({"buyers": 3, "tickets": 2, "lock": "flock"})
    sales = [run_scheduled(scenario.but(seed=seed), "pct") for seed in range(10)]
    assert {sale.verdict.outcome for sale in sales} == {Outcome.VALID}
