"""Markers of runs and purchases: who may open them, and which are swept."""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest

from booking.stores.common import run_lock
from booking.stores.common.run_lock import (
    KINDS,
    SALE,
    Kind,
    _joined,
    _Marker,
    _running,
    file_run_lock,
    marker_path,
    sweep_marker,
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("kind", KINDS)
def test_a_marker_may_be_opened_by_those_who_may_write_to_the_inventory(
    tmp_path: Path, kind: Kind
) -> None:
    """Where its process is killed, another user of the inventory goes on."""
    inventory = tmp_path / "data.json"
    inventory.write_text("{}")
    inventory.chmod(0o664)
    os.chown(inventory, 1000, 1000)
    with _Marker(inventory, kind, "alone"):
        facts = marker_path(inventory, kind).stat()
    assert (facts.st_mode & 0o777, facts.st_uid, facts.st_gid) == (0o660, 1000, 1000)


@pytest.mark.parametrize("kind", KINDS)
def test_a_marker_is_swept_where_no_process_holds_it(tmp_path: Path, kind: Kind) -> None:
    """One that is held stays."""
    inventory = tmp_path / "data.json"
    inventory.write_text("{}")
    with _Marker(inventory, kind, "together"):
        sweep_marker(inventory)
        assert marker_path(inventory, kind).exists()
    marker_path(inventory, kind).touch()
    sweep_marker(inventory)
    assert not marker_path(inventory, kind).exists()


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """Return an inventory with the marker of a run that was killed."""
    inventory = tmp_path / "data.json"
    inventory.write_text("{}")
    dead = subprocess.Popen(["true"])
    dead.wait()
    record = msgspec.structs.replace(SALE, pid=dead.pid)
    marker_path(inventory, "sale").write_bytes(msgspec.json.encode(record) + b"\n")
    return inventory


@contextmanager
def looked_at(inventory: Path, how: int) -> Iterator[None]:
    """Hold the marker of a run as a process does that looks whether the run is alive."""
    with marker_path(inventory, "sale").open("rb+") as file:
        fcntl.flock(file, how)
        yield


def test_purchases_that_look_at_once_do_not_see_a_run_in_each_other(killed: Path) -> None:
    """A purchase was refused for a run that was dead, because another one looked, too."""
    with looked_at(killed, fcntl.LOCK_SH), ExitStack() as stack:
        assert _running(killed) is None
        assert _joined(killed, SALE, stack) is None


def test_a_purchase_waits_for_a_sweep_that_looks_at_the_marker(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep holds it alone for a moment, so that it may remove it."""
    with ExitStack() as sweep, ExitStack() as stack:
        sweep.enter_context(looked_at(killed, fcntl.LOCK_EX))
        monkeypatch.setattr(run_lock.time, "sleep", lambda _: sweep.close())
        assert _joined(killed, SALE, stack) is None


@pytest.mark.parametrize("how", [fcntl.LOCK_SH, fcntl.LOCK_EX])
def test_a_run_that_begins_waits_for_a_look_at_its_marker(
    killed: Path, how: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that looks may be stopped by the system, for longer than a look takes."""
    monkeypatch.setattr(run_lock, "BRIEF_S", 30.0)
    monkeypatch.setattr(run_lock, "PROBE_S", -1.0)  # a run that is alive is refused at once
    tries = threading.Event()
    locks = run_lock._lock

    def lock(fd: int, *, alone: bool) -> bool:
        held = locks(fd, alone=alone)
        if not held:
            tries.set()
        return held

    monkeypatch.setattr(run_lock, "_lock", lock)
    with ExitStack() as stack:
        stack.enter_context(looked_at(killed, how))

        def look_no_more() -> None:
            tries.wait(30.0)
            stack.close()

        ends = threading.Thread(target=look_no_more)
        ends.start()
        with file_run_lock(killed):
            assert tries.is_set()
        ends.join()
