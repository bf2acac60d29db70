"""Where a call of Linux is taken away, the fallback keeps every promise, or says what it lacks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from booking.system.processes import alive, processes
from tests.conftest import Program
from tests.support.process_tree import gone, harness, until, wait_for_buyers
from tests.support.systems import environment

MACOS = "macos"
ALL: tuple[str, ...] = ()  # it lacks all of them
CALLS = (
    "posix_fallocate", "leases", "F_SETSIG", "OFD locks", "xattr", "sigtimedwait", "renameat2",
    "prctl", "/proc",
)  # fmt: skip
SESSION = "this system does not show what buyers started in a session of its own"
NO_LIST = "this system lists no processes: what buyers left behind was not counted"
OPEN_FILES = "no effect on a file that stays open: this system does not report those"
LEAVES = """
import os, time
from pathlib import Path

def leave(buyer):
    buyer.buy()
    if os.fork() == 0:
        {session}
        Path("left").write_text(str(os.getpid()))
        os.closerange(0, 256)
        time.sleep(600)
    while not Path("left").exists() or not Path("left").read_text():
        time.sleep(0.01)
"""


def sale(program: Program, lacks: tuple[str, ...], *words: str) -> dict:
    """Sell on such a system; return the document."""
    done = program("simulate", "--json", *words, **environment(MACOS, *lacks))
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.mark.sweep(usual=lambda what: what in {"posix_fallocate", "leases", "F_SETSIG", "/proc"})
@pytest.mark.parametrize("what", CALLS)
def test_a_sale_goes_right_without_one_call(
    fresh_program: Program, what: str, tmp_path: Path
) -> None:
    """Sound with a lock, and its control oversells; on a file that has a name."""
    (tmp_path / "data.json").write_text('{"ticket_num": 3}')
    found = sale(fresh_program, (what,), "--store", "json:data.json", "--lock")
    assert (found["verdict"], found["sold"], found["remaining"]) == ("valid", 3, 0)
    assert json.loads((tmp_path / "data.json").read_text()) == {"ticket_num": 0}
    assert (SESSION in found["caveats"]) == (what == "prctl")
    assert [path.name for path in tmp_path.iterdir() if ".tmp" in path.name] == []


@pytest.mark.sweep(
    usual=lambda guard, method: (guard, method) in {("lock", "spawn"), ("none", "fork")}
)
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("guard", ["none", "lock", "clerk", "queue"])
def test_a_sale_goes_right_without_any_of_them(
    fresh_program: Program, guard: str, method: str
) -> None:
    """As on macOS: the verdicts are the same, and the caveat is with them."""
    found = sale(
        fresh_program, ALL, "--buyers", "4", "--tickets", "2", "--guard", guard,
        "--start-method", method,
    )  # fmt: skip
    assert found["verdict"] == ("invalid" if guard == "none" else "valid")
    assert (found["processes"]["started"], found["processes"]["deaths"]) == (4, {})
    assert SESSION in found["caveats"]


def test_an_exploration_says_which_effects_the_system_does_not_report(
    fresh_program: Program, tmp_path: Path
) -> None:
    """Only where code is explored that is not ours; a proof of ours needs no such report."""
    (tmp_path / "shop.py").write_text(
        "from booking.stores.json_replaced import JsonStore\nclass Shop(JsonStore): pass\n"
    )
    lacks = environment(MACOS, "inotify")
    words = ("explore", "--lock", "--buyers", "2", "--json")
    ours = json.loads(fresh_program(*words, **lacks).stdout)
    assert (ours["verdict"], OPEN_FILES in ours["caveats"]) == ("valid", False)
    theirs = json.loads(fresh_program(*words, "--store", "shop:Shop", **lacks).stdout)
    assert OPEN_FILES in theirs["caveats"]
    reported = json.loads(fresh_program(*words, "--store", "shop:Shop").stdout)
    assert OPEN_FILES not in reported["caveats"]


def is_stopped(pid: int) -> bool:
    """Return whether a process has stopped, not only been told to."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def die_with(process: subprocess.Popen[str], pids: set[int]) -> bool:
    """Kill a harness; return whether its processes are gone after it, and leave none."""
    process.kill()
    process.wait()  # not for the end of its output, which buyers that live on would hold open
    try:
        return gone(pids)
    finally:
        for pid in pids - {process.pid}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.sweep(usual=lambda method: method == "fork")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_buyers_end_with_a_harness_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Without F_SETSIG a thread of each buyer waits for the end of the harness's pipe."""
    for name, value in environment(MACOS, "F_SETSIG").items():
        monkeypatch.setenv(name, value)
    process = harness(tmp_path, "--buyers", "5", "--delay", "60s", "--start-method", method,
                      "--lock", "--timeout", "300s")  # fmt: skip
    pids = wait_for_buyers(process, 5)
    assert die_with(process, pids)


def test_a_stopped_buyer_ends_with_a_harness_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread is stopped as well; the system continues a group that became an orphan."""
    for name, value in environment(MACOS, "F_SETSIG").items():
        monkeypatch.setenv(name, value)
    process = harness(tmp_path, "--buyers", "2", "--delay", "60s", "--timeout", "300s")
    pids = wait_for_buyers(process, 2) - {process.pid}
    until(lambda: all(os.getpgid(pid) == pid for pid in pids))
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    until(lambda: all(is_stopped(pid) for pid in pids))  # else it stops behind the harness's end
    assert die_with(process, pids)


def left_by(program: Program, tmp_path: Path, session: str, **lacking: str) -> tuple[dict, int]:
    """Sell to a buyer that leaves a process; return the document, and the number of that."""
    (tmp_path / "leaves.py").write_text(LEAVES.format(session=session))
    words = ("--behaviour", "leaves:leave", "--buyers", "1", "--no-control", "--json")
    done = program("simulate", *words, **lacking)
    return json.loads(done.stdout), int((tmp_path / "left").read_text())


def test_what_a_buyer_left_is_found_by_ps(fresh_program: Program, tmp_path: Path) -> None:
    """Without /proc: it is in the buyer's group."""
    found, pid = left_by(fresh_program, tmp_path, "pass", **environment(MACOS, "/proc", "prctl"))
    assert found["processes"]["orphans"] == 0
    assert gone({pid})


def test_what_a_buyer_hid_is_named_as_unseen(fresh_program: Program, tmp_path: Path) -> None:
    """Without adoption a process of a session of its own is nobody's: the verdict says so."""
    found, pid = left_by(fresh_program, tmp_path, "os.setsid()", **environment(MACOS, "prctl"))
    try:
        assert alive(pid)
        assert SESSION in found["caveats"]
    finally:
        os.kill(pid, signal.SIGKILL)


def test_without_any_list_of_processes_the_verdict_says_so(
    fresh_program: Program, tmp_path: Path
) -> None:
    """Neither /proc nor ps(1)."""
    lacking = {**environment(MACOS, "/proc"), "PATH": str(tmp_path)}
    done = fresh_program("simulate", "--lock", "--json", **lacking)
    found = json.loads(done.stdout)
    assert found["verdict"] == "valid"
    assert NO_LIST in found["caveats"]


def test_ps_lists_what_proc_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same parent, group and session of a process that lives."""
    mine = {process.pid: process for process in processes() or ()}[os.getpid()]
    monkeypatch.setattr("booking.system.processes.PROC", "/no/such/folder")
    by_ps = {process.pid: process for process in processes() or ()}[os.getpid()]
    assert (by_ps.parent, by_ps.group, by_ps.session) == (mine.parent, mine.group, mine.session)
