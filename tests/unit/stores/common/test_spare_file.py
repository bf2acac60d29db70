"""The spare file: it changes places with the inventory, and is written while no buyer reads it."""

from __future__ import annotations

import errno
import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from booking.core.protocols import Place
from booking.core.verdict import Outcome
from booking.errors import InventoryError
from booking.stores.common import json_file, spare_file
from booking.stores.common.json_file import write_all
from booking.stores.common.spare_file import SpareFile
from booking.stores.json_replaced import JsonStore
from booking.system import file_swap as exchanging
from booking.system.file_swap import exchange
from tests.support.explorations import explored


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


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> bool:
    """Whether files of the folder that tests have can change places and be leased."""
    store = JsonStore(Place("", tmp_path_factory.mktemp("lasting")))
    store.reset(9)
    sell(store, 2)
    store.close()
    return store._spare._reusable


def test_two_files_take_turns(store: JsonStore, lasting: bool) -> None:
    """No sale creates or deletes a file but the first."""
    seen = []
    sell(store)  # from three digits to two
    for _ in range(10):
        sell(store)
        seen.append(store.path.stat().st_ino)
    assert not lasting or len(set(seen)) == 2
    assert all(one != other for one, other in pairwise(seen))
    assert store.read() == 89
    assert len(spares(store)) == lasting


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
    """As long as any buyer has it open, it is not written to again."""
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
    """A buyer keeps the file of this morning under a second name: a hard link."""
    sell(store, 2)
    kept = store.path.with_name("this-morning.json")
    kept.hardlink_to(store.path)
    sell(store, 5)
    assert kept.read_text() == '{"ticket_num": 98}\n'
    assert store.read() == 93


def test_nobody_gets_in_while_it_is_written_to(
    store: JsonStore, lasting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stands at the door waits or is turned away; the writer, who is told by a signal, goes on.

    A buyer who knocked may get in before long, and then another file is taken.
    """
    sell(store, 2)
    found: list[bool] = []
    files = []

    def knock(fd: int, data: bytes) -> None:
        files.append(fd)
        if not found and lasting:
            look = f"import os; os.open({str(spares(store)[0])!r}, os.O_RDONLY | os.O_NONBLOCK)"
            found.append("BlockingIOError" in python(look).stderr)
        write_all(fd, data)

    monkeypatch.setattr(spare_file, "write_all", knock)
    store.write(50)
    assert found == [True] * lasting
    assert len(files) == 1 + lasting
    assert store.read() == 50


def test_a_writer_with_the_usual_signals_survives_a_reader_at_the_door(tmp_path: Path) -> None:
    """A lease is broken by SIGIO, which would end the process, unless another signal was named."""
    script = f"""
import os, subprocess, sys
from pathlib import Path
from booking.system import file_swap as exchanging
from booking.stores.common import json_file
from booking.stores.common import spare_file
from booking.core.protocols import Place
from booking.errors import InventoryError
from booking.system.file_swap import exchange
from booking.stores.common.json_file import write_all
from booking.stores.json_replaced import JsonStore
store = JsonStore(Place({str(tmp_path / "data.json")!r}, Path({str(tmp_path)!r})))
store.reset(3)
store.write(2)
store.write(1)
write_all = spare_file.write_all
def knock(fd, data):
    for spare in Path({str(tmp_path)!r}).glob(".data.json.*.tmp"):
        look = f"import os; os.open({{str(spare)!r}}, os.O_RDONLY | os.O_NONBLOCK)"
        subprocess.run([sys.executable, "-c", look], stderr=-3)
    write_all(fd, data)
spare_file.write_all = knock
store.write(0)
print(store.read())
"""
    done = python(script)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


def test_a_lease_ends_with_the_writing_also_for_a_child(
    store: JsonStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that another thread forked meanwhile has the descriptor, and lives on."""
    sell(store, 2)
    children: list[subprocess.Popen[bytes]] = []

    def fork(fd: int, data: bytes) -> None:
        write_all(fd, data)
        sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
        children.append(subprocess.Popen(sleep, pass_fds=[fd]))

    monkeypatch.setattr(spare_file, "write_all", fork)
    store.write(50)
    try:
        assert os.open(store.path, os.O_RDONLY | os.O_NONBLOCK) >= 0
        assert store.read() == 50
    finally:
        for child in children:
            child.kill()
            child.wait()


def test_what_is_not_the_inventory_any_more_is_read_again(
    store: JsonStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was looked up in time, and opened when it was another sale's already."""
    sell(store, 2)
    other = JsonStore(Place(str(store.path), store.path.parent))
    before = [os.open(store.path, os.O_RDONLY)]
    other.write(50)
    open_file = os.open

    def late(path: Any, flags: int, mode: int = 0o777) -> int:
        return before.pop() if before and flags & os.O_NONBLOCK else open_file(path, flags, mode)

    monkeypatch.setattr(os, "open", late)
    assert store.read() == 50
    other.close()


def test_a_reader_does_not_wait_for_ever(store: JsonStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """If others keep it to themselves, that is an error which says so."""
    monkeypatch.setattr(json_file, "PATIENCE_S", 0.05)
    monkeypatch.setattr(store, "_is_current", lambda fd: False)
    with pytest.raises(InventoryError, match="others keep writing it; try again"):
        store.read()


@pytest.mark.parametrize("size, now, again", [
    (4096, 4096, True), (4097, 4097, False), (19, 18, False), (18, 19, False),
])  # fmt: skip
def test_what_a_power_cut_could_mix_is_written_anew(
    tmp_path: Path, lasting: bool, size: int, now: int, again: bool
) -> None:
    """A document of several blocks, or of another length than before: the usual way is taken."""
    path = tmp_path / "data.json"
    spare = SpareFile(path)
    path.write_bytes(b"a" * size)
    path.chmod(0o644)
    spare.write(b"b" * size, 0o644, durable=False)
    spare.swap()
    there = spare._rewrite(spare.own(), b"c" * now, 0o644, False)
    assert there == (again and lasting)
    assert path.read_bytes() == b"b" * size
    spare.release_own()


def test_a_new_file_is_on_its_way_to_the_disk_before_it_is_the_inventory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut could leave an empty one: only renames are looked after by ext4."""
    events: list[str] = []
    advise = os.posix_fadvise
    monkeypatch.setattr(
        os, "posix_fadvise", lambda *words: (events.append("on its way"), advise(*words))[1]
    )
    monkeypatch.setattr(
        spare_file, "exchange", lambda *names: (events.append("exchange"), exchange(*names))[1]
    )
    store = JsonStore(Place("", tmp_path))
    store.reset(5)
    sell(store, 3)
    assert events[:2] == ["on its way", "exchange"]
    assert events.count("on its way") == 1
    store.close()


def test_mode_and_owner_do_not_alternate(store: JsonStore) -> None:
    """A file of another mode is left to whom it belongs, and one of the inventory's is made."""
    sell(store, 3)
    store.path.chmod(0o600)  # after the store has seen what mode it has
    modes = []
    for _ in range(4):
        sell(store)
        modes.append(store.path.stat().st_mode & 0o777)
    assert modes == [0o644] * 4


def test_leftovers_are_swept_whatever_their_name_and_whoever_owns_them(tmp_path: Path) -> None:
    """A name with brackets is no pattern; what may not be removed stays, and is no error."""
    path = tmp_path / "data[1].json"
    dead = tmp_path / ".data[1].json.999999999-0.tmp"
    stubborn = tmp_path / ".data[1].json.999999998-0.tmp"
    dead.write_text("x")
    stubborn.mkdir()
    spare_file.sweep(path)
    assert not dead.exists()
    assert stubborn.exists()


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


def test_where_files_cannot_change_places_a_sale_is_explored_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One step announces one replacement, and the ear hears one."""
    monkeypatch.setattr(exchanging, "_renameat2", None)
    assert explored(2, 1, lock="flock").exploration.outcome is Outcome.VALID


def test_where_there_are_no_leases_they_are_renamed(
    store: JsonStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that knows none says so to the first who asks."""

    def refuse(fd: int, what: int, value: int = 0) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(spare_file.fcntl, "fcntl", refuse)
    assert sell(store, 5) == 95
    assert not store._spare._reusable
    assert spares(store) == []


def test_an_inventory_that_was_deleted_meanwhile_is_made_anew(store: JsonStore) -> None:
    """Between read and write; as a rename would."""
    sell(store, 2)
    left = store.read()
    store.path.unlink()
    store.write(left - 1)
    assert store.read() == 97


def test_a_stranger_at_our_name_is_not_written_to(tmp_path: Path) -> None:
    """A link laid in our way."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    store = JsonStore(Place("", tmp_path))
    store.reset(3)
    store.write(2)
    name = Path(store._spare.own())
    name.unlink()
    name.symlink_to(precious)
    store.write(1)
    assert store.read() == 1
    store.close()
    name = Path(store._spare.own())
    name.symlink_to(precious)  # before the file is created, by a user who guesses its name
    with pytest.raises(InventoryError, match="file exists"):
        store.write(0)
    assert precious.read_text() == "precious"


def test_each_process_has_its_own(tmp_path: Path, lasting: bool) -> None:
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
    assert os.waitstatus_to_exitcode(status) == (21 if lasting else 0)
    assert sell(store) == 5
    store.close()
    assert spares(store) == []


def test_it_has_the_mode_of_the_inventory_from_the_start(tmp_path: Path) -> None:
    """So that no buyer reads it who may not read that."""
    path = tmp_path / "data.json"
    spare = SpareFile(path)
    spare.write(b"{}", 0o600, durable=False)
    assert [one.stat().st_mode & 0o777 for one in tmp_path.iterdir()] == [0o600]
    spare.release_own()


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
