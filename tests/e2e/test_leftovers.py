"""What killed commands leave is listed with its owner; `list` or the next command removes it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from booking.core.protocols import Place
from booking.stores.json_replaced import JsonStore
from booking.system.runtime_folder import SERVER_LOCK
from booking.system.scratch import MARKER
from tests.conftest import ROOT
from tests.support.process_tree import until

Program = Callable[..., subprocess.CompletedProcess[str]]
LIMIT_S = 60
STRANGER = 65534


@pytest.fixture
def places() -> Iterator[dict[str, str]]:
    """Name a temporary folder and a runtime folder that only this test uses."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    for name in ("t", "run", "cache"):
        (folder / name).mkdir(0o700)
    yield {
        "TMPDIR": str(folder / "t"), "XDG_RUNTIME_DIR": str(folder / "run"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }  # fmt: skip
    shutil.rmtree(folder)


def listed(program: Program, places: dict[str, str], *more: str) -> dict[str, dict[str, Any]]:
    """Return what is listed of the test's own folders, by name."""
    done = program("list", "--leftovers", "--json", *more, **places)
    assert done.stderr == ""
    found = json.loads(done.stdout)["leftovers"]
    return {Path(one["path"]).name: one for one in found if not one["path"].startswith("/dev/shm")}


def litter(folder: Path, places: dict[str, str]) -> list[Path]:
    """Make one of each kind."""
    runtime = Path(places["XDG_RUNTIME_DIR"]) / "booking"
    runtime.mkdir(0o700)
    (folder / "data.json").write_text('{"ticket_num": 3}\n')
    scratch = Path(places["TMPDIR"]) / f"booking-999999999-{'a' * 16}"
    cached = Path(places["XDG_CACHE_HOME"]) / "booking" / f"booking-999999999-{'b' * 16}"
    for made in (scratch, cached):
        made.mkdir(parents=True)
        (made / MARKER).touch(0o600)
        (made / "log").touch()
    files = [
        runtime / f"0123456789abcdef{SERVER_LOCK}",
        Path(places["TMPDIR"]) / f"booking-lock-{os.geteuid()}-{'c' * 16}",
        folder / f".booking-{'d' * 16}.partial",
        folder / ".data.json.sale",
        folder / f".data.json.{'e' * 16}.own",
        folder / f".data.json.{'e' * 16}.7-00000000.tmp",
    ]
    for file in files:
        file.touch(0o600)
    return [scratch, cached, *files]


def test_each_kind_is_listed_with_its_owner_and_removed(
    program: Program, tmp_path: Path, places: dict[str, str]
) -> None:
    """Nothing else is removed with it."""
    made = litter(tmp_path, places)
    for name in (".data.json.swp", ".other.sale", "data.json.lock", ".booking-x.partial"):
        (tmp_path / name).touch()
    before = set(os.listdir(tmp_path))
    found = listed(program, places)
    assert set(found) == {path.name for path in made}
    assert {one["state"] for one in found.values()} == {"free"}
    assert {one["owner"] for one in found.values()} == {Path(places["TMPDIR"]).owner()}
    assert len({one["kind"] for one in found.values()}) == 7
    shown = program("list", "--leftovers", **places)
    assert "remove what is free with: booking list --leftovers --remove" in shown.stdout
    done = program("list", "--leftovers", "--remove", **places)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path for path in made if path.exists()] == []
    assert set(os.listdir(tmp_path)) == before - {path.name for path in made}
    assert listed(program, places) == {}


def test_what_a_living_process_holds_is_listed_as_held_and_stays(
    program: Program, tmp_path: Path, places: dict[str, str]
) -> None:
    """Its lock says so, also in a process of which the number is not known here."""
    made = litter(tmp_path, places)
    held = []
    for path in made:
        fd = os.open(path / MARKER if path.is_dir() else path, os.O_RDWR)
        fcntl.flock(fd, fcntl.LOCK_EX)
        held.append(fd)
    found = listed(program, places, "--remove")
    for fd in held:
        os.close(fd)
    assert {one["state"] for one in found.values()} == {"held"}
    assert [one["removed"] for one in found.values()] == [False] * len(made)
    assert [path for path in made if not path.exists()] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's")
def test_what_another_user_left_is_not_removed(
    program: Program, tmp_path: Path, places: dict[str, str]
) -> None:
    """Not even by root."""
    scratch = litter(tmp_path, places)[0]
    for path in (scratch, scratch / MARKER):
        os.chown(path, STRANGER, STRANGER)
    found = listed(program, places, "--remove")
    assert found[scratch.name]["state"] == "unknown"
    assert scratch.exists()


def test_other_folders_are_looked_at_where_they_are_named(
    program: Program, tmp_path: Path, places: dict[str, str]
) -> None:
    """The current folder is one of many in which inventories lie."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    litter(elsewhere, places)
    assert ".data.json.sale" not in listed(program, places)
    assert ".data.json.sale" in listed(program, places, "--in", "elsewhere")
    assert program("list", "--leftovers", "--in", "none", **places).returncode == 2


@pytest.mark.parametrize("words", [
    ["--remove"], ["--in", "."], ["--leftovers", "--probe"],
])  # fmt: skip
def test_options_that_go_together_are_asked_for(program: Program, words: list[str]) -> None:
    """One line says which."""
    done = program("list", *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.sweep(usual=lambda number, method: method == "fork" and number != signal.SIGTERM)
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_after_a_killed_sale_the_next_command_leaves_its_inventory_clean(
    program: Program, tmp_path: Path, places: dict[str, str], number: int, method: str
) -> None:
    """A command that only looks will do."""
    inventory = tmp_path / "data.json"
    inventory.write_text('{"ticket_num": 100000}\n')
    words = [
        sys.executable, "-m", "booking", "simulate", "--store", "json:data.json", "--lock",
        "--buyers", "3", "--until-sold-out", "--delay", "0ms..1ms", "--start-method", method,
        "--no-control",
    ]  # fmt: skip
    environment = {**os.environ, **places, "PYTHONPATH": str(ROOT)}
    harness = subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        until(lambda: len(list(tmp_path.glob(".data.json.*.tmp"))) == 3)
    finally:
        harness.send_signal(number)
        harness.wait(LIMIT_S)
    if number != signal.SIGKILL:
        assert sorted(os.listdir(tmp_path)) == ["data.json", "data.json.lock"]
        assert os.listdir(places["TMPDIR"]) == []
    search = ["search", "--store", "json:data.json"]

    def clean() -> bool:
        assert program(*search, **places).returncode == 0
        here = sorted(os.listdir(tmp_path)) == ["data.json", "data.json.lock"]
        return here and os.listdir(places["TMPDIR"]) == []

    until(clean)  # buyers end a moment after their harness
    assert listed(program, places) == {}


def test_a_kill_at_each_change_of_a_sale_by_hand_is_cleaned_up(tmp_path: Path) -> None:
    """While the store is prepared, while it sells, while it is closed."""
    path = tmp_path / "data.json"
    ends = []
    for calls in range(60):
        path.write_text('{"ticket_num": 50}\n')
        ends.append(killed_after(calls, path))
        assert path.read_text() in {f'{{"ticket_num": {count}}}\n' for count in (50, 49, 48)}
        JsonStore(Place(str(path), tmp_path)).sweep()
        assert os.listdir(tmp_path) == ["data.json"], calls
        if ends[-1] == 0:
            break
    assert ends[:10] == [-signal.SIGKILL] * 10
    assert ends[-1] == 0


def killed_after(calls: int, path: Path) -> int:
    """Sell twice in a fork that SIGKILL ends right before its n-th change of the folder."""
    pid = os.fork()
    if pid == 0:
        left = [calls]

        def hook(event: str, _args: object) -> None:
            if event in {"open", "os.remove", "os.rename", "os.truncate"}:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        with suppress(Exception):
            store = JsonStore(Place(str(path), path.parent))
            store.prepare()
            for _ in range(2):
                store.write(store.read() - 1)
            store.close()
            os._exit(0)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
