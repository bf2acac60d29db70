"""The spare file: it is swapped with the inventory, and written while no process reads it."""

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
from booking.system import file_lease
from booking.system import file_swap as exchanging
from booking.system.file_attributes import FileAttributes, attributes_of
from booking.system.file_swap import exchange
from tests.support.explorations import explored


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JsonStore]:
    filled = JsonStore(Place("", tmp_path))
    filled.reset(100)
    yield filled
    filled.close()


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
def reusable(tmp_path_factory: pytest.TempPathFactory) -> bool:
    """Return whether the file system of the tests has swaps and leases."""
    store = JsonStore(Place("", tmp_path_factory.mktemp("reusable")))
    store.reset(9)
    sell(store, 2)
    store.close()
    return store._spare._reusable


def test_two_files_are_swapped_again_and_again(store: JsonStore, reusable: bool) -> None:
    """No sale creates or deletes a file but the first."""
    seen = []
    sell(store)  # from three digits to two
    for _ in range(10):
        sell(store)
        seen.append(store.path.stat().st_ino)
    assert not reusable or len(set(seen)) == 2
    assert all(one != other for one, other in pairwise(seen))
    assert store.read() == 89
    assert len(spares(store)) == reusable


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


def test_an_open_file_is_read_unchanged(store: JsonStore) -> None:
    """A file that any process has open is not reused."""
    sell(store, 2)
    with store.path.open("rb") as file:
        sell(store, 5)
        assert file.read() == b'{"ticket_num": 98}\n'
    assert store.read() == 93


def test_a_mapped_file_is_read_unchanged(store: JsonStore) -> None:
    """A mapping counts, too, after its descriptor is closed."""
    sell(store, 2)
    with store.path.open("rb") as file:
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    sell(store, 5)
    assert view[:] == b'{"ticket_num": 98}\n'
    view.close()


def test_a_hard_link_is_not_written_to(store: JsonStore) -> None:
    """A user keeps the file of this morning under a second name: a hard link."""
    sell(store, 2)
    copy = store.path.with_name("this-morning.json")
    copy.hardlink_to(store.path)
    sell(store, 5)
    assert copy.read_text() == '{"ticket_num": 98}\n'
    assert store.read() == 93


def test_no_process_opens_it_while_it_is_written(
    store: JsonStore, reusable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader waits or is refused; the writer, which a signal tells of it, goes on.

    The kernel may let a reader in that waited for long; then a new file is created.
    """
    sell(store, 2)
    refused: list[bool] = []
    files = []

    def open_meanwhile(fd: int, data: bytes) -> None:
        files.append(fd)
        if not refused and reusable:
            look = f"import os; os.open({str(spares(store)[0])!r}, os.O_RDONLY | os.O_NONBLOCK)"
            refused.append("BlockingIOError" in python(look).stderr)
        write_all(fd, data)

    monkeypatch.setattr(spare_file, "write_all", open_meanwhile)
    store.write(50)
    assert refused == [True] * reusable
    assert len(files) == 1 + reusable
    assert store.read() == 50


def test_a_writer_with_the_usual_signals_survives_a_waiting_reader(tmp_path: Path) -> None:
    """SIGIO announces a reader, and would end the process, unless another signal is named."""
    script = f"""
import os, subprocess, sys
from pathlib import Path
from booking.system import file_lease
from booking.system import file_swap as exchanging
from booking.stores.common import json_file
from booking.stores.common import spare_file
from booking.core.protocols import Place
from booking.errors import InventoryError
from booking.system.file_attributes import FileAttributes, attributes_of
from booking.system.file_swap import exchange
from booking.stores.common.json_file import write_all
from booking.stores.json_replaced import JsonStore
store = JsonStore(Place({str(tmp_path / "data.json")!r}, Path({str(tmp_path)!r})))
store.reset(3)
store.write(2)
store.write(1)
write_all = spare_file.write_all
def open_meanwhile(fd, data):
    for spare in Path({str(tmp_path)!r}).glob(".data.json.*.tmp"):
        look = f"import os; os.open({{str(spare)!r}}, os.O_RDONLY | os.O_NONBLOCK)"
        subprocess.run([sys.executable, "-c", look], stderr=-3)
    write_all(fd, data)
spare_file.write_all = open_meanwhile
store.write(0)
print(store.read())
"""
    done = python(script)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


def test_a_lease_ends_with_the_write_also_for_a_child(
    store: JsonStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that another thread forked meanwhile has the descriptor open, and lives on."""
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


def test_a_file_that_was_replaced_meanwhile_is_read_again(
    store: JsonStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was looked up in time, and opened when another sale had replaced it."""
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
    """Where others replace the file again and again, the error says so."""
    monkeypatch.setattr(json_file, "PATIENCE_S", 0.05)
    monkeypatch.setattr(store, "_is_current", lambda fd: False)
    with pytest.raises(InventoryError, match="others keep writing it; try again"):
        store.read()


@pytest.mark.parametrize("size, now, again", [
    (4096, 4096, True), (4097, 4097, False), (19, 18, False), (18, 19, False),
])  # fmt: skip
def test_a_file_that_a_power_cut_could_mix_is_not_reused(
    tmp_path: Path, reusable: bool, size: int, now: int, again: bool
) -> None:
    """A document of several blocks, or of another length than before: a new file is created."""
    path = tmp_path / "data.json"
    spare = SpareFile(path)
    path.write_bytes(b"a" * size)
    path.chmod(0o644)
    spare.write(b"b" * size, attributes_of(str(path)), durable=False)
    spare.swap()
    there = spare._rewrite(spare.own(), b"c" * now, attributes_of(str(path)), False)
    assert there == (again and reusable)
    assert path.read_bytes() == b"b" * size
    spare.release_own()


def test_writing_a_new_file_to_disk_begins_before_the_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut could leave an empty one: ext4 takes care of renames only."""
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


def test_a_change_of_the_mode_is_not_undone(store: JsonStore) -> None:
    """A file of another mode is not reused; a new one with the inventory's mode is created."""
    store = JsonStore(Place(str(store.path), store.path.parent))  # one that lasts
    sell(store, 3)
    store.path.chmod(0o600)  # after the store has seen what mode it has
    modes = []
    for _ in range(4):
        sell(store)
        modes.append(store.path.stat().st_mode & 0o777)
    assert modes == [0o600] * 4
    store.close()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_without_swaps_files_are_renamed(
    store: JsonStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The swap is tried once, and never again."""
    asked = []

    def refuse(one: str, other: str) -> None:
        asked.append(one)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(spare_file, "exchange", refuse)
    assert sell(store, 5) == 95
    assert len(asked) == 1
    assert spares(store) == []


def test_without_swaps_a_sale_is_explored_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One step announces one replacement, and the monitor sees one."""
    monkeypatch.setattr(exchanging, "_renameat2", None)
    assert explored(2, 1, lock="flock").exploration.outcome is Outcome.VALID


def test_without_leases_files_are_renamed(
    store: JsonStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without leases refuses the first one."""

    def refuse(fd: int, what: int, value: int = 0) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(file_lease.fcntl, "fcntl", refuse)
    assert sell(store, 5) == 95
    assert not store._spare._reusable
    assert spares(store) == []


def test_an_inventory_that_was_deleted_meanwhile_is_created_again(store: JsonStore) -> None:
    """Between read and write: as by a rename."""
    sell(store, 2)
    left = store.read()
    store.path.unlink()
    store.write(left - 1)
    assert store.read() == 97


def test_a_foreign_link_is_not_written_to(tmp_path: Path) -> None:
    """A link that another user placed at our name."""
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


def test_each_process_has_its_own(tmp_path: Path, reusable: bool) -> None:
    """A forked child writes to another file, and leaves its parent's alone."""
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
    assert os.waitstatus_to_exitcode(status) == (21 if reusable else 0)
    assert sell(store) == 5
    store.close()
    assert spares(store) == []


def test_it_has_the_mode_of_the_inventory_from_the_start(tmp_path: Path) -> None:
    """A user that may not read the inventory may not read it either."""
    path = tmp_path / "data.json"
    spare = SpareFile(path)
    spare.write(b"{}", FileAttributes(os.geteuid(), os.getegid(), 0o600), durable=False)
    assert [one.stat().st_mode & 0o777 for one in tmp_path.iterdir()] == [0o600]
    spare.release_own()


def test_a_fork_does_not_remove_an_inherited_file(tmp_path: Path) -> None:
    """A forked child that ends without a sale."""
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
