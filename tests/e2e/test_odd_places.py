"""Any temporary folder will do, and what a refusal advises can be followed."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from booking.errors import CapacityError
from booking.processes import resource_limits
from tests.conftest import ROOT, Program

FOLDERS = {
    "plain": "t",
    "a space": "t m p",
    "quotes": "t'\"`$x",
    "of a URL": "t%41 #x?y=z&u@h:1",
    "a comma": "a,b",
    "a backslash": "b\\c",
    "not ASCII": "é" * 30,
    "long": "x" * 120,
    "lines": "a\nb",
    "no text": os.fsdecode(b"\xff\xfe"),
}
SALE = ("simulate", "--buyers", "2", "--delay", "0ms", "--no-control", "--json")


def ensure_sold(result: subprocess.CompletedProcess[str]) -> None:
    """Whether two orders overlapped is luck; that both were sold is not."""
    assert result.returncode in {0, 3}, result.stderr
    assert json.loads(result.stdout)["sold"] == 2


@pytest.mark.sweep(usual=lambda store, name: name == ("quotes" if store == "redis" else "a space"))
@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("store", ["postgres", "redis"])
def test_a_private_server_starts_in_any_folder(
    program: Program, tmp_path: Path, store: str, name: str
) -> None:
    """Or beside it, where a socket's path cannot be said or is too long; it leaves nothing."""
    folder = tmp_path / FOLDERS[name]
    folder.mkdir()
    result = program(*SALE, "--store", store, "--guard", "atomic", TMPDIR=str(folder))
    ensure_sold(result)
    left = {path.name for path in folder.iterdir()}
    assert left <= {f"booking-cache-{os.getuid()}"}


@pytest.mark.sweep(usual=lambda guard, name: (guard, name) == ("clerk", "long"))
@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("guard", ["clerk", "queue", "lock"])
def test_a_fork_server_starts_or_is_refused_with_advice(
    fresh_program: Program, tmp_path: Path, guard: str, name: str
) -> None:
    """The clerk of a sale that did not start was waited for, which was called a defect."""
    folder = tmp_path / FOLDERS[name]
    folder.mkdir()
    words = (*SALE, "--guard", guard, "--start-method", "forkserver")
    result = fresh_program(*words, TMPDIR=str(folder))
    if result.returncode == 2:
        assert "set TMPDIR to a shorter one, or give --start-method spawn" in result.stderr
        assert name in {"long", "not ASCII"} or len(os.fsencode(folder)) > 70
    else:
        ensure_sold(result)
    assert list(folder.iterdir()) == []


def limits(root: Path, monkeypatch: pytest.MonkeyPatch, most: int, uid: int = 1000) -> list[int]:
    monkeypatch.setattr("os.getuid", lambda: uid)
    monkeypatch.setattr("resource.getrlimit", lambda _: (most, most))
    return [room for room, _ in resource_limits._process_limits(root)]


def process(root: Path, pid: int, uid: int, threads: int) -> None:
    folder = root / "proc" / str(pid)
    folder.mkdir(parents=True)
    (folder / "status").write_text(
        f"Name:\tx: y\nUid:\t{uid}\t0\t0\t0\nThreads:\t{threads}\nbroken\n"
    )


def test_the_limit_of_a_user_counts_the_threads_of_that_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the processes of others, as `ulimit -u` does not."""
    process(tmp_path, 1, 1000, 3)
    process(tmp_path, 2, 1000, 1)
    for pid in range(3, 90):
        process(tmp_path, pid, 0, 5)
    (tmp_path / "proc/99").mkdir()  # it has ended
    own = resource_limits.PROCESSES_OWN
    assert limits(tmp_path, monkeypatch, 50) == [50 - 4 - own]
    assert limits(tmp_path, monkeypatch, 50, uid=0) == []  # root has no such limit
    assert limits(tmp_path, monkeypatch, resource.RLIM_INFINITY) == []
    (tmp_path / "proc/sys/kernel").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/pid_max").write_text("1000\n")
    assert limits(tmp_path, monkeypatch, 50)[1] == 1000 - 90 - resource_limits.PROCESSES_SPARE


@pytest.mark.parametrize("room", [-5, 0, 1, 7])
def test_no_advice_is_for_no_buyers(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    from booking.core.scenario import Scenario

    monkeypatch.setattr(
        resource_limits, "_process_limits", lambda _root: [(room, "the limit of 9 (ulimit -u)")]
    )
    with pytest.raises(CapacityError) as refused:
        resource_limits.ensure_room(Scenario(buyers=10))
    if room < 1:
        assert "leaves room for 0; raise that limit" in str(refused.value)
    else:
        assert f"give --buyers {room} or less" in str(refused.value)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(
    any(not parent.stat().st_mode & 1 for parent in Path(sys.executable).resolve().parents),
    reason="another user may not run this interpreter",
)
def test_what_it_advises_is_possible(tmp_path: Path) -> None:
    """A real user with few processes allowed: as many buyers as it says can be started."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755 if folder != tmp_path else 0o777)
    uid, most = 54321, 24

    def simulate(buyers: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "booking", "simulate", "--buyers", str(buyers),
             "--expect", "oversell", "--json"],
            cwd=ROOT, capture_output=True, text=True, check=False, user=uid, group=uid,
            extra_groups=[], env={**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (most, most)),
        )  # fmt: skip

    refused = simulate(40)
    assert refused.returncode == 2
    said = r"\(ulimit -u\) leaves room for (\d+); give --buyers \1 or less"
    advice = re.search(said, refused.stderr)
    assert advice is not None, refused.stderr
    assert int(advice[1]) >= most - 10
    assert simulate(int(advice[1])).returncode in {0, 1}


FEW = {
    "list": ("list", "--probe"),
    "bench": ("bench", "--guards", "none", "--buyers", "2", "--rounds", "1", "--no-c"),
    "run": ("run", "sale.toml", "--allow-code"),
    "simulate": SALE,
    "matrix": ("matrix", "--stores", "json", "--guards", "none", "--trials", "1"),
    "spawn": (*SALE, "--start-method", "spawn"),
    "redis": (*SALE, "--store", "redis", "--guard", "atomic"),
}


def of_few_processes() -> list[str]:
    """Return the words that run a program as an ordinary user who may start no process more."""
    if os.geteuid() != 0:
        return ["prlimit", "--nproc=1:1"]
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv, so root stays root")
    return [
        "setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", "--inh-caps",
        "+dac_read_search", "--ambient-caps", "+dac_read_search", "prlimit", "--nproc=1:1",
    ]  # fmt: skip


@pytest.mark.sweep(usual=lambda words: words in {"list", "bench", "run"})
@pytest.mark.parametrize("words", FEW)
def test_a_user_who_may_start_no_process_is_told_so(tmp_path: Path, words: str) -> None:
    """It is no fault of a lock, and no defect; nothing is left behind."""
    folder = tmp_path / "t"
    folder.mkdir()
    for path in (tmp_path, *tmp_path.parents[:2], folder):
        path.chmod(0o777 if path == folder else 0o755)
    code = "booking.stores.json_replaced:JsonStore"
    (tmp_path / "sale.toml").write_text(f'store = "{code}"\nbuyers = 2\n')
    result = subprocess.run(
        [*of_few_processes(), sys.executable, "-m", "booking", *FEW[words]], cwd=tmp_path,
        capture_output=True, text=True, check=False,
        env={**os.environ, "TMPDIR": str(folder), "HOME": str(folder), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    assert "(ulimit -u)" in result.stderr
    assert list(folder.iterdir()) == []
