"""The spare file: it changes places with the inventory, and is written to when nobody reads it."""

from __future__ import annotations

import errno
import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from booking import spare_file
from booking.contracts import Place
from booking.spare_file import SpareFile
from booking.steps import driven_by
from booking.stores.json_replaced import JsonStore
from tests.contracts.test_stores import Steps


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JsonStore]:
    made = JsonStore(Place("", tmp_path))
    made.reset(100)
    yield made
    made.close()


def sell(store: JsonStore, times: int = 1) -> int:
    for _ in range(times):
        store.write(store.read() - 1)
    return store.read()


def spares(store: JsonStore) -> list[Path]:
    return list(store.path.parent.glob(".data.json.*.tmp"))


def python(script: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", script]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=30)


def lasting() -> bool:
    """Whether the files of this machine can change places."""
    return spare_file._LEASES and sys.platform == "linux"


def test_two_files_take_turns(store: JsonStore) -> None:
    """No sale creates or deletes a file but the first."""
    seen = []
    for _ in range(10):
        sell(store)
        seen.append(store.path.stat().st_ino)
    assert len(set(seen)) == (2 if lasting() else len(set(seen)))
    assert all(one != other for one, other in pairwise(seen))
    assert store.read() == 90
    assert len(spares(store)) == lasting()


def test_closing_removes_it(store: JsonStore) -> None:
    """Nothing but the inventory is left in the user's folder."""
    sell(store, 3)
    store.close()
    assert os.listdir(store.path.parent) == ["data.json"]
    assert sell(store) == 96
    store.close()
    assert os.listdir(store.path.parent) == ["data.json"]


def test_a_shorter_count_leaves_nothing_of_the_longer_behind(store: JsonStore) -> None:
    """From three digits to two, and back."""
    for count in (100, 99, 98, 9, 8, 1000, 7):
        store.write(count)
        assert store.path.read_text() == f'{{"ticket_num": {count}}}\n'


def test_who_still_reads_an_old_inventory_reads_it_unchanged(store: JsonStore) -> None:
    """As long as anybody has it open, it is not written to again."""
    sell(store, 2)
    with store.path.open("rb") as file:
        sell(store, 5)
        assert file.read() == b'{"ticket_num": 98}\n'
    assert store.read() == 93


def test_who_has_it_in_memory_sees_it_unchanged(store: JsonStore) -> None:
    """A mapping counts, too, when its descriptor is long closed."""
    sell(store, 2)
    with store.path.open("rb") as file:
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    sell(store, 5)
    assert view[:] == b'{"ticket_num": 98}\n'
    view.close()


def test_a_lent_out_copy_is_not_written_to(store: JsonStore) -> None:
    """Somebody keeps the file of this morning under a second name: a hard link."""
    sell(store, 2)
    kept = store.path.with_name("this-morning.json")
    kept.hardlink_to(store.path)
    sell(store, 5)
    assert kept.read_text() == '{"ticket_num": 98}\n'
    assert store.read() == 93


@pytest.mark.skipif(not lasting(), reason="leases are Linux's")
def test_nobody_gets_in_before_it_is_the_inventory(store: JsonStore) -> None:
    """Who stands at the door of a file being written waits, or is turned away."""
    sell(store, 2)
    found: list[object] = []

    class Knock(Steps):
        def step(self, action: str, resource: str, value: int | None) -> None:
            if action == "replace":
                (spare,) = spares(store)
                look = f"import os; os.open({str(spare)!r}, os.O_RDONLY | os.O_NONBLOCK)"
                done = python(look)
                found.append("BlockingIOError" in done.stderr)

    with driven_by(Knock()):
        store.write(5)
    assert found == [True]
    assert store.read() == 5


@pytest.mark.skipif(not lasting(), reason="leases are Linux's")
def test_a_writer_with_the_usual_signals_survives_a_reader_at_the_door(tmp_path: Path) -> None:
    """A lease is broken by SIGIO, which would end the process, unless another signal was named."""
    script = f"""
import os, subprocess, sys
from pathlib import Path
from booking.contracts import Place
from booking.steps import drive
from booking.stores.json_replaced import JsonStore
store = JsonStore(Place({str(tmp_path / "data.json")!r}, Path({str(tmp_path)!r})))
store.reset(3)
store.write(2)
store.write(1)
class Knock:
    def step(self, action, resource, value):
        if action == "replace":
            spare = next(Path({str(tmp_path)!r}).glob(".data.json.*.tmp"))
            look = f"import os; os.open({{str(spare)!r}}, os.O_RDONLY | os.O_NONBLOCK)"
            assert subprocess.run([sys.executable, "-c", look], stderr=-3).returncode == 1
    def saw(self, value): pass
    def network(self): pass
drive(Knock())
store.write(0)
print(store.read())
"""
    done = python(script)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_where_files_cannot_change_places_they_are_renamed(
    store: JsonStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The usual way: it is asked once, and then no more."""
    asked = []

    def refuse(one: str, other: str) -> None:
        asked.append(one)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(spare_file, "exchange", refuse)
    assert sell(store, 5) == 95
    assert len(asked) == 1
    assert spares(store) == []


def test_where_there_are_no_leases_they_are_renamed(
    store: JsonStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that knows none says so to the first who asks."""

    def refuse(fd: int, what: int, value: int = 0) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(spare_file.fcntl, "fcntl", refuse)
    assert sell(store, 5) == 95
    assert not store._spare._lasts
    assert spares(store) == []


def test_an_inventory_that_was_deleted_meanwhile_is_made_anew(store: JsonStore) -> None:
    """Between read and write; as a rename would."""
    sell(store, 2)
    left = store.read()
    store.path.unlink()
    store.write(left - 1)
    assert store.read() == 97


def test_a_stranger_at_our_name_is_not_written_to(tmp_path: Path) -> None:
    """A link laid in our way, or a file of a dead process that had our number."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    store = JsonStore(Place("", tmp_path))
    store.reset(3)
    name = Path(store._spare._own_name())
    name.symlink_to(precious)
    store.write(2)
    assert precious.read_text() == "precious"
    assert store.read() == 2
    store.close()


def test_each_process_has_its_own(tmp_path: Path) -> None:
    """A child that was forked writes to another file, and leaves its parent's alone."""
    store = JsonStore(Place("", tmp_path))
    store.reset(9)
    sell(store, 2)
    pid = os.fork()
    if pid == 0:
        sell(store)
        there = len(spares(store))
        store.close()
        os._exit(10 * there + len(spares(store)))
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == (21 if lasting() else 0)
    assert sell(store) == 5
    store.close()
    assert spares(store) == []


def test_it_stays_private_until_it_is_published(tmp_path: Path) -> None:
    """Its mode is the inventory's, so that nobody reads it who may not read that."""
    path = tmp_path / "data.json"
    path.write_text('{"ticket_num": 3}')
    path.chmod(0o600)
    spare = SpareFile(path)
    fd = spare.open(0o600, 0)
    assert os.fstat(fd).st_mode & 0o777 == 0o600
    os.close(fd)
    spare.remove()


def test_who_only_inherited_it_does_not_remove_it(tmp_path: Path) -> None:
    """A forked child that goes home without having sold anything."""
    store = JsonStore(Place("", tmp_path))
    store.reset(9)
    sell(store, 2)
    before = spares(store)
    pid = os.fork()
    if pid == 0:
        store.close()
        os._exit(0)
    os.waitpid(pid, 0)
    assert spares(store) == before
    store.close()
