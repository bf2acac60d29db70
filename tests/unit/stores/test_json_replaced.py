"""JSON files that are replaced: keys, permissions, links, orphans, and what is on disk when."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest

from booking.core.protocols import Place
from booking.core.steps import driven_by
from booking.stores.common import spare_file
from booking.stores.json_inplace import JsonInplaceStore
from booking.stores.json_replaced import JsonStore
from booking.system.file_swap import exchange
from booking.testing.contracts.drivers import StepRecorder

TEXT = '{\n  "event": "Café",  "ticket_num" : 3,\n  "price": 1.50}\n'


def place(path: Path, durable: bool = False) -> Place:
    return Place(str(path), path.parent, durable)


@pytest.mark.parametrize("kind", [JsonStore, JsonInplaceStore])
def test_other_keys_are_kept_as_they_are(
    tmp_path: Path, kind: type[JsonStore] | type[JsonInplaceStore]
) -> None:
    """To the byte: order, white space, the spelling of numbers."""
    path = tmp_path / "data.json"
    path.write_text(TEXT)
    store = kind(place(path))
    assert store.read() == 3
    store.write(12)
    assert path.read_text() == TEXT.replace("3", "12")
    store.reset(0)
    assert path.read_text() == TEXT.replace("3", "0")


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    """A link stays a link to the file that is sold from, and the file keeps its mode."""
    path, link = tmp_path / "real.json", tmp_path / "data.json"
    path.write_text(TEXT)
    path.chmod(0o666)  # which the usual umask would not give to a new file
    link.symlink_to(path)
    store = JsonStore(place(link))
    store.write(store.read() - 1)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o666
    assert JsonStore(place(path)).read() == 2


def test_a_reader_never_meets_half_a_file(tmp_path: Path) -> None:
    """Right before the replacement the old document is whole, right after it the new one."""
    path = tmp_path / "data.json"
    store = JsonStore(place(path))
    store.reset(3)
    seen: list[int] = []

    class Look(StepRecorder):
        def step(self, action: str, resource: str, value: int | None) -> None:
            if action == "replace":
                seen.append(JsonStore(place(path)).read())

    look = Look()
    with driven_by(look):
        store.write(2)
    assert seen[0] == 3
    assert store.read() == 2


def test_durable_syncs_the_file_before_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync of the new file, then the swap, then fsync of the folder."""
    path = tmp_path / "data.json"
    calls: list[str] = []
    fsync = os.fsync

    def note_sync(fd: int) -> None:
        calls.append("folder" if os.path.isdir(f"/proc/self/fd/{fd}") else "file")
        fsync(fd)

    def note_exchange(spare: str, inventory: str) -> None:
        calls.append("swap")
        exchange(spare, inventory)

    store = JsonStore(place(path, durable=True))
    store.reset(3)
    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(spare_file, "exchange", note_exchange)
    store.write(2)
    assert calls == ["file", "swap", "folder"]
    calls.clear()
    plain = JsonStore(place(path))
    plain.write(1)
    assert calls == ["swap"]


def killed(path: Path) -> Path:
    """Have another process write twice and be killed; return the spare file that it left."""
    pid = os.fork()
    if pid == 0:
        store = JsonStore(place(path))
        for count in (2, 2):
            store.write(count)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # a zombie: its number is taken still
    (spare,) = path.parent.glob(f".data.json.*.{pid}-*.tmp")
    return spare


def test_spare_files_of_dead_processes_are_removed_and_those_of_living_ones_stay(
    tmp_path: Path,
) -> None:
    """A killed buyer cannot remove its own; it may be a zombie, and numbers mean nothing."""
    path = tmp_path / "data.json"
    living = JsonStore(place(path))
    living.reset(3)
    dead = killed(path)
    living.write(2)
    (used,) = set(tmp_path.glob(".data.json.*.tmp")) - {dead}
    elsewhere = used.with_name(used.name.replace(f".{os.getpid()}-", ".999999999-"))
    elsewhere.write_text("of a process of another container, whose harness claims it")
    JsonStore(place(path)).sweep()
    assert not dead.exists()
    assert used.exists()
    assert elsewhere.exists()
    living.close()
    JsonStore(place(path)).sweep()
    assert os.listdir(tmp_path) == ["data.json"]
    os.wait()


def test_the_harness_claims_the_spare_files_of_its_buyers(tmp_path: Path) -> None:
    """However they got the store, and when the harness is gone, so is the claim."""
    path = tmp_path / "data.json"
    harness = JsonStore(place(path))
    harness.reset(3)
    harness.prepare()
    buyer = pickle.loads(pickle.dumps(harness))
    buyer.write(2)
    (claim,) = tmp_path.glob(".data.json.*.own")
    (spare,) = tmp_path.glob(".data.json.*.tmp")
    assert spare.name.startswith(claim.name.removesuffix("own"))
    buyer.close()
    assert claim.exists()
    harness.close()
    assert os.listdir(tmp_path) == ["data.json"]


def test_large_documents_are_read_whole(tmp_path: Path) -> None:
    """Longer than one read."""
    path = tmp_path / "data.json"
    path.write_text('{"pad": "' + "x" * 200_000 + '", "ticket_num": 41}')
    store = JsonStore(place(path))
    assert store.read() == 41
    store.write(40)
    assert JsonStore(place(path)).read() == 40
