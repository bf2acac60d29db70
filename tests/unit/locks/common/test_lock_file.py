"""The file of a lock: its rights, a link at its name, and a lock whose file was swapped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from booking.core.verdict import Outcome
from booking.errors import InventoryError
from booking.locks import flock
from booking.locks.common.lock_file import is_used, remove_unused
from booking.locks.filelocked import FilelockLock
from booking.locks.flock import FlockLock
from booking.system.runtime_folder import SERVER_LOCK
from tests.conftest import ROOT, Sell
from tests.support.explorations import explored
from tests.support.users import ANNA, BEN, CARL, ROOT_ONLY, TEAM, as_user, team_folder

LOCKS = [FlockLock, FilelockLock]
Kind = type[FlockLock] | type[FilelockLock]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data.json").write_text('{"ticket_num": 3}\n')
    return tmp_path / "data.json.lock"


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def swap(path: Path) -> None:
    """Put another file in the place of the lock's, which lives on under another name."""
    path.rename(path.with_name("taken"))
    path.touch()


@pytest.mark.parametrize("kind", LOCKS)
def test_a_link_at_its_name_is_refused(kind: Kind, path: Path) -> None:
    """Another user may have placed it there, to have a file made or opened elsewhere."""
    path.symlink_to("elsewhere")
    with pytest.raises(InventoryError, match=r"data\.json\.lock: is a link; a lock needs a file"):
        kind(path).acquire(0)
    assert not path.with_name("elsewhere").exists()


@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused(kind: Kind, path: Path, make: Callable[[Path], None]) -> None:
    """A pipe, for example, would be opened and never be a lock."""
    make(path)
    with pytest.raises(InventoryError, match="a lock needs"):
        kind(path).acquire(0)


@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize(
    "inventory, lock",
    [(0o600, 0o600), (0o644, 0o600), (0o664, 0o660), (0o660, 0o660), (0o666, 0o666)],
)
def test_who_may_write_to_the_inventory_may_take_its_lock_and_no_other_user(
    kind: Kind, path: Path, mask: int, inventory: int, lock: int
) -> None:
    """A user who may only read could else hold it for ever; the umask changes nothing."""
    path.with_name("data.json").chmod(inventory)
    with umask(mask):
        held = kind(path)
        assert held.acquire(0)
    assert path.stat().st_mode & 0o777 == lock
    assert sorted(os.listdir(path.parent)) == ["data.json", "data.json.lock"]
    held.release()


def test_a_lock_file_of_an_earlier_version_gets_the_rights_at_the_next_sale(path: Path) -> None:
    """It was open to all readers."""
    path.touch(0o644)
    lock = FlockLock(path)
    lock.pin()
    assert path.stat().st_mode & 0o777 == 0o600
    lock.unpin()


@ROOT_ONLY
@pytest.mark.parametrize("kind", LOCKS)
def test_root_leaves_the_lock_to_the_user_whose_inventory_it_is(kind: Kind, path: Path) -> None:
    """Else the user could not sell any more."""
    os.chown(path.parent, ANNA, ANNA)
    os.chown(path.with_name("data.json"), ANNA, ANNA)
    held = kind(path)
    assert held.acquire(0)
    held.release()
    assert (path.stat().st_uid, path.stat().st_gid) == (ANNA, ANNA)
    path.parent.chmod(0o755)


@ROOT_ONLY
@pytest.mark.parametrize("kind", LOCKS)
def test_a_group_shares_it(kind: Kind, shared: Path) -> None:
    """Each member may be the first one; a user who is none may not hold it."""
    path = shared / "data.json.lock"

    def take() -> None:
        with umask(0o077):
            lock = kind(path)
            assert lock.acquire(0)
        lock.release()

    for first, second in ((ANNA, BEN), (BEN, ANNA)):
        assert as_user(first, [TEAM], take) == ""
        assert (path.stat().st_gid, path.stat().st_mode & 0o777) == (TEAM, 0o660)
        assert as_user(second, [TEAM], take) == ""
        assert "ermission denied" in as_user(CARL, [], take)
        path.unlink()


@pytest.fixture
def shared() -> Iterator[Path]:
    """Return a folder of a group, with Anna's inventory in it."""
    with team_folder() as inventory:
        yield inventory.parent


@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("how", [Path.unlink, swap])
def test_a_lock_whose_file_was_swapped_is_taken_of_the_new_one(
    kind: Kind, path: Path, how: Callable[[Path], None]
) -> None:
    """Two processes with two files would both be let in."""
    early, late = kind(path), kind(path)
    assert early.acquire(0)
    early.release()  # a process that has the old file open
    how(path)
    assert late.acquire(0)
    assert not early.acquire(0)
    assert not early.acquire(0.05)
    late.release()
    assert early.acquire(0)
    assert not late.acquire(0)
    early.release()


@pytest.mark.parametrize("how", [Path.unlink, swap])
def test_a_lock_that_had_to_wait_looks_at_the_name_as_well(
    path: Path, monkeypatch: pytest.MonkeyPatch, how: Callable[[Path], None]
) -> None:
    """The file is swapped while it waits, and another process holds the new one."""
    holder, waiter, other = FlockLock(path), FlockLock(path), FlockLock(path)
    assert holder.acquire(0)
    wait, waits = flock._wait, []

    def meanwhile(fd: int, timeout_s: float) -> bool:
        if not waits:
            how(path)
            assert other.acquire(0)
            holder.release()
        waits.append(fd)
        return wait(fd, timeout_s)

    monkeypatch.setattr(flock, "_wait", meanwhile)
    assert not waiter.acquire(0.05)
    assert len(waits) == 2
    other.release()
    assert waiter.acquire(0)
    waiter.release()


@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("how", [Path.unlink, swap])
def test_a_sale_takes_the_file_that_it_began_with_and_no_other(
    kind: Kind, path: Path, how: Callable[[Path], None]
) -> None:
    """A buyer of it may hold the old file: one that comes later would be let in beside it."""
    harness = kind(path)
    harness.pin()
    other = kind(path)
    assert harness.acquire(0)
    harness.release()
    how(path)
    assert other.acquire(0)
    if kind is FilelockLock:  # it opens the new file, which is held
        assert not harness.acquire(0)
        other.release()
    with pytest.raises(InventoryError, match="replaced or removed this lock file"):
        harness.acquire(0)
    harness.unpin()


def test_a_swapped_lock_makes_no_guarded_sale_oversell(sell: Sell, tmp_path: Path) -> None:
    """Its buyers stop; the result is unknown, and says why."""
    store = tmp_path / "data.json"
    store.write_text('{"ticket_num": 50}\n')
    sale = sell(
        store=f"json:{store}", guard="lock", lock="flock", buyers=6, control=False,
        behaviour="tests.support.mischief:swaps_the_lock",
    )  # fmt: skip
    assert (sale["verdict"], sale["oversold"]) == ("unknown", 0)
    assert "replaced or removed this lock file" in sale["reason"]
    assert 50 - sale["sold"] == sale["remaining"]


def test_an_exploration_is_as_certain_as_before_whatever_the_umask() -> None:
    """A lock file that a group shares is made in another way."""
    with umask(0o002):
        assert explored(2, 1, lock="flock").exploration.outcome is Outcome.VALID


def test_a_servers_lock_file_is_removed_once_no_process_uses_it(tmp_path: Path) -> None:
    """Each address has one, so they would become many."""
    path = tmp_path / f"0123{SERVER_LOCK}"
    one, other = FlockLock(path), FlockLock(path)
    one.pin()
    other.pin()
    assert path.stat().st_mode & 0o777 == 0o600
    one.unpin()
    assert path.exists()
    assert other.acquire(0)  # as a buyer, whose harness has pinned it
    other.release()
    other.unpin()
    assert not path.exists()


def test_a_lock_file_is_used_while_it_is_held_or_pinned_also_by_another_process(
    tmp_path: Path,
) -> None:
    """A process that is killed uses it no more."""
    path = tmp_path / f"0123{SERVER_LOCK}"
    script = f"""
import sys
from pathlib import Path
from booking.locks.flock import FlockLock
lock = FlockLock(Path({str(path)!r}))
lock.pin() if sys.argv[1] == "pin" else lock.acquire(0)
print("ready", flush=True)
sys.stdin.read()
"""
    for how in ("pin", "hold"):
        words = [sys.executable, "-c", script, how]
        with subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            fd = os.open(path, os.O_RDWR)
            assert is_used(fd)
            os.close(fd)
            assert not remove_unused(path)
            process.kill()
        assert remove_unused(path)
    assert os.listdir(tmp_path) == []
