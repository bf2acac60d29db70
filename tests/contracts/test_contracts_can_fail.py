"""Each fact of a contract can fail: a variant that is broken in it is found by it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from booking.core.capabilities import AtomicStore
from booking.core.registry import BUILT_IN
from booking.stores.json_replaced import JsonStore
from booking.stores.sqlite import SqliteStore
from booking.testing import GuardContract, LockContract, StoreContract
from tests.support import broken_guards as guards
from tests.support import broken_locks as locks
from tests.support import broken_stores as stores
from tests.support import planted, user_locks

# A fact, the variant that breaks it, and what the failure says.
STORES: list[tuple[str, type, str]] = [
    ("test_what_is_written_is_read", stores.Overflows, "2147483647"),
    ("test_a_second_reset_replaces_the_first", stores.KeepsFirstReset, "assert 1 == 70"),
    ("test_a_missing_inventory_is_an_inventory_error", stores.ReadsZero, "DID NOT RAISE"),
    ("test_a_second_close_does_nothing", stores.ClosesOnce, "closed already"),
    ("test_a_closed_store_opens_again", stores.StaysClosed, "used after the end"),
    ("test_closing_closes_every_descriptor", stores.LeaksDescriptors, "assert"),
    ("test_a_pickled_copy_has_its_own_connection", stores.ClosesForAll, "no such file"),
    ("test_copies_share_the_count_as_stated", stores.SharesSecretly, "assert"),
    ("test_processes_share_the_count_as_stated", stores.SharesSecretly, "assert"),
    ("test_processes_share_the_count_as_stated", stores.SharesInOneProcess, "assert"),
    ("test_no_other_process_sees_the_count_as_stated", stores.ExploredForNothing, "assert 2 != 2"),
    ("test_as_many_buyers_connect_as_stated", stores.ConnectsFew, "too many connections"),
    ("test_a_fork_opens_its_own_connection", stores.BelongsToOneProcess, "another process"),
    ("test_buyers_come_and_go_while_a_store_is_open", stores.RemembersCount, "assert 1 == "),
    ("test_buyers_come_and_go_while_a_store_is_open", stores.DropsLocks, "assert"),
    ("test_a_read_is_announced", stores.ReadsSilently, "assert"),
    ("test_a_write_is_announced", stores.AnnouncesAnotherCount, "assert"),
    ("test_a_read_is_announced_before_its_effect", stores.ReadsThenAnnounces, "assert 3 == 2"),
    ("test_a_write_is_announced_before_its_effect", stores.WritesThenAnnounces, "assert 2 not in"),
    ("test_half_written_counts_are_seen_as_stated", stores.TearsSecretly, "assert"),
    ("test_optional_methods_change_nothing", stores.ChangesInPassing, "assert 2 == 3"),
    ("test_a_reserved_inventory_is_refused_to_a_second_run", stores.ReservesForAll, "assert not"),
    ("test_take_takes_all_or_nothing", stores.TakesSome, "assert 3 is None"),
    ("test_take_checks_and_takes_in_one_effect", stores.TakesInTwo, "assert 3 is None"),
    ("test_compare_and_set_refuses_a_changed_version", stores.CountsAsVersion, "assert not True"),
    ("test_add_adds_unchecked", stores.AddsInTwo, "assert -2 == -4"),
    ("test_a_constraint_refuses_a_count_below_0", stores.NoConstraint, "assert 1 is None"),
    ("test_a_locked_count_is_refused_to_others", stores.LocksNothing, "assert 3 is None"),
    ("test_a_locked_write_is_seen_after_the_commit_only", stores.LocksNothing, "assert 2 == 3"),
    ("test_an_advisory_lock_has_one_holder", stores.AdvisesAll, "assert not True"),
    ("test_of_two_conflicting_transactions_one_fails", stores.SerializesNothing, "both transac"),
    ("test_a_serializable_write_can_be_rolled_back", stores.SerializesNothing, "assert 1 == 3"),
    ("test_a_pool_gives_each_seat_once", stores.SellsOneSeat, "assert"),
    ("test_a_pool_gives_all_or_nothing", stores.ClaimsSome, "assert 3 is None"),
    ("test_shards_hold_the_whole_count", stores.SplitsNothing, "assert"),
    ("test_a_lease_has_one_holder", stores.LeasesToAll, "assert 1 is None"),
    ("test_a_fenced_write_needs_the_newest_token", stores.LeasesToAll, "assert 1 > 1"),
    ("test_a_snapshot_shows_the_shared_count", stores.ShowsNothing, "assert"),
]
LOCKS: list[tuple[str, type, str]] = [
    ("test_one_process_holds_it_at_a_time", planted.NoLock, "a second process is let in"),
    ("test_one_process_holds_it_at_a_time", user_locks.CheckThenLock, "one was stopped at"),
    ("test_it_is_handed_over_to_each_that_waits", user_locks.UnlocksThenRemoves, "a third one"),
    ("test_the_lock_of_another_folder_is_another", user_locks.SharedName, "that of another"),
    ("test_a_release_by_another_process_is_as_stated", user_locks.StatesOwned, "False == True"),
    ("test_threads_wait_as_stated", user_locks.StatesThreads, "False == True"),
    ("test_a_fork_inherits_no_held_lock", locks.SharesDescriptor, "assert not True"),
    ("test_another_program_is_kept_out_as_stated", locks.OfOneSale, "True == False"),
    ("test_another_program_is_kept_out_as_stated", locks.StatesOneSale, "False == True"),
    ("test_another_machine_is_kept_out", locks.StatesHosts, "assert not True"),
    ("test_a_zero_timeout_answers_at_once", locks.AnswersLate, "assert 1.5"),
    ("test_a_timeout_returns_false_in_time", locks.GivesUp, "assert"),
    ("test_a_release_frees_it", locks.KeepsLock, "assert False"),
    ("test_a_killed_process_frees_it_as_stated", locks.SurvivesSecretly, "None is None"),
    ("test_a_killed_process_frees_it_as_stated", user_locks.EmptyMarker, "killed in its acquire"),
    ("test_its_holder_may_take_it_again_as_stated", locks.NestsNothing, "assert False == True"),
    ("test_a_pickled_copy_holds_nothing", locks.CopyHolds, "assert not True"),
    ("test_its_steps_are_announced", locks.LocksSilently, "assert"),
    ("test_its_steps_are_announced_before_their_effect", locks.LocksThenAnnounces, "assert"),
]
QUICK: dict[str, Any] = {"timeout": "1s"}
FLOCK: dict[str, Any] = {"lock": "flock"}
MUTEX: dict[str, Any] = {"lock": "mutex", **QUICK}
GUARDS: list[tuple[str, type, dict[str, Any], str]] = [
    ("test_one_buyer_gets_every_ticket", guards.StopsEarly, {}, "left|undersell|assert"),
    ("test_each_ticket_is_sold_once", guards.Unguarded, {}, "sold to|assert"),
    ("test_an_order_is_all_or_nothing", guards.SellsSome, FLOCK, "assert"),
    (
        "test_a_death_before_the_first_effect_harms_no_other",
        guards.HoldsSilently, MUTEX, "took no step",
    ),
    (
        "test_a_death_before_the_last_effect_costs_one_order",
        guards.TakesTooMuchFirst, FLOCK, "assert",
    ),
    ("test_a_death_before_any_effect_stops_no_other", guards.StatesSafety, MUTEX, "when it died"),
    ("test_every_order_announces_its_steps", guards.SellsSilently, {}, "assert"),
    ("test_a_store_without_what_it_needs_is_refused", guards.NeedsNothing, {}, "DID NOT RAISE"),
    ("test_it_uses_no_more_than_it_needs", guards.TakesUnstated, {"store": "sqlite"}, "no take"),
    ("test_time_lets_another_buyer_in_as_stated", guards.StatesClock, FLOCK, "False == True"),
    (
        "test_time_lets_another_buyer_in_as_stated",
        guards.HidesClock, {"store": "sqlite"}, "True == False",
    ),
    ("test_a_pickled_copy_sells", guards.Unpicklable, {}, "cannot travel"),
]  # fmt: skip


def ensure(contract: type, variant: type, fact: str, folder: Path, **attributes: Any) -> None:
    """Run one fact of a contract as pytest does."""
    kind = contract.kind  # type: ignore[attr-defined]  # of every contract
    test = type("Test", (contract,), {kind: variant, **attributes})()
    check = getattr(test, fact)
    assert callable(check), f"{fact} does not apply to {variant.__name__}"
    check(*[folder] * len(inspect.signature(check).parameters))


def fails(message: str) -> Any:
    """Expect any exception that a test may fail with."""
    return pytest.raises((Exception, pytest.fail.Exception), match=message)


@pytest.mark.parametrize("fact, variant, message", STORES)
def test_a_broken_store_is_found(fact: str, variant: type, message: str, tmp_path: Path) -> None:
    """By the fact that it breaks."""
    with fails(message):
        ensure(StoreContract, variant, fact, tmp_path)


@pytest.mark.sweep(usual=lambda variant: variant is not user_locks.EmptyMarker)  # 10 s
@pytest.mark.parametrize("fact, variant, message", LOCKS)
def test_a_broken_lock_is_found(fact: str, variant: type, message: str, tmp_path: Path) -> None:
    """By the fact that it breaks."""
    with fails(message):
        ensure(LockContract, variant, fact, tmp_path)


@pytest.mark.parametrize("fact, variant, attributes, message", GUARDS)
def test_a_broken_guard_is_found(
    fact: str, variant: type, attributes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    """By the fact that it breaks."""
    with fails(message):
        ensure(GuardContract, variant, fact, tmp_path, **attributes)


@pytest.mark.parametrize(
    "contract, planted", [(StoreContract, STORES), (LockContract, LOCKS), (GuardContract, GUARDS)]
)
def test_every_fact_has_a_variant_that_breaks_it(
    contract: type, planted: list[tuple[Any, ...]]
) -> None:
    """And no variant is planted for a fact that is gone."""
    facts = {name for name in dir(contract) if name.startswith("test_")}
    assert facts == {fact for fact, *_ in planted}


@pytest.mark.parametrize("contract", [StoreContract, LockContract, GuardContract])
def test_every_fact_is_stated(contract: type) -> None:
    """In a docstring."""
    facts = [getattr(contract, name) for name in dir(contract) if name.startswith("test_")]
    assert all(inspect.getdoc(fact) for fact in facts)


def test_a_fact_about_a_capability_is_tested_where_the_store_has_it() -> None:
    """Without it there is no such test, not even a skipped one."""
    assert issubclass(SqliteStore, AtomicStore)
    assert not issubclass(JsonStore, AtomicStore)
    with_it = type("Test", (StoreContract,), {"store": SqliteStore})
    without = type("Test", (StoreContract,), {"store": JsonStore})
    assert callable(with_it.test_take_takes_all_or_nothing)  # type: ignore[attr-defined]
    assert without.test_take_takes_all_or_nothing is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["store", "lock", "guard"])
def test_a_variant_is_named_in_any_way(kind: str) -> None:
    """By its registered name, as `module:Class`, or as the class itself."""
    contract = {"store": StoreContract, "lock": LockContract, "guard": GuardContract}[kind]
    name, target = next(iter(BUILT_IN[kind].items()))
    module, _, attribute = target.partition(":")
    made = getattr(__import__(module, fromlist=[attribute]), attribute)
    traits = [type("Test", (contract,), {kind: way})().facts() for way in (name, target, made)]
    assert traits[0] == traits[1] == traits[2]
