"""Processes: none is left behind, whatever happens to the harness or to a buyer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from booking.stores.common.json_document import parse
from tests.conftest import LIMIT_S, ROOT, Sell

KEEPER = "supervisor.py"  # of a private server

METHODS = ["fork", "spawn", "forkserver"]
PATIENCE_S = 20.0


def processes() -> dict[int, int]:
    """Give the parent of every living process."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(entry.name)] = int(fields[1])
    return found


def family(root: int) -> set[int]:
    """Give a process and all that descend from it."""
    parents = processes()
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def harness(folder: Path, *words: str) -> subprocess.Popen[str]:
    path = folder / "data.json"
    path.write_text('{"event": "x", "ticket_num": 50}')
    return subprocess.Popen(
        [sys.executable, "-m", "booking", "simulate", "--store", f"json:{path}", *words],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def wait_for_buyers(process: subprocess.Popen[str], buyers: int) -> set[int]:
    """Wait until every buyer is there and the gate was opened: the first line was printed."""
    deadline = time.monotonic() + LIMIT_S
    found: set[int] = set()
    while time.monotonic() < deadline and process.poll() is None:
        found = family(process.pid)
        if len(found) > buyers:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{len(found)} processes, {process.communicate()}")


def gone(pids: set[int]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while pids & set(processes()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not pids & set(processes())


@pytest.mark.parametrize("method, buyers", [("fork", 50), ("spawn", 5), ("forkserver", 10)])
@pytest.mark.parametrize("guard", ["none", "lock"])
def test_a_killed_harness_leaves_nobody_and_a_whole_file(
    tmp_path: Path, method: str, buyers: int, guard: str
) -> None:
    """SIGKILL in the middle of a sale: buyers asleep and buyers in a lock are gone."""
    process = harness(
        tmp_path, "--buyers", str(buyers), "--delay", "60s", "--start-method", method,
        "--guard", guard, "--timeout", "300s",
    )  # fmt: skip
    everybody = wait_for_buyers(process, buyers)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert gone(everybody)
    count, _ = parse((tmp_path / "data.json").read_bytes(), "data.json")
    assert 0 <= count <= 50


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_harness_ends_everybody_and_says_so(
    tmp_path: Path, method: str, number: signal.Signals
) -> None:
    """Ctrl-C goes to every process of the terminal; only the harness acts on it."""
    process = harness(tmp_path, "--buyers", "5", "--delay", "60s", "--start-method", method)
    everybody = wait_for_buyers(process, 5)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert err == "booking: interrupted; every buyer was ended\n"
    assert gone(everybody)
    assert {one.name for one in tmp_path.iterdir()} == {"data.json"}


def test_what_a_buyer_leaves_behind_is_ended(sell: Sell) -> None:
    """A child that a buyer forked and forgot belongs to the buyer's group."""
    sale = sell(behaviour="tests.support.planted:fork_and_leave", buyers=2, lock="flock")
    assert sale["verdict"] == "valid"
    counts = {name: sale["processes"][name] for name in ("alive", "zombies", "orphans")}
    assert counts == {"alive": 0, "zombies": 0, "orphans": 0}


@pytest.mark.parametrize("method", METHODS)
def test_not_even_a_session_of_its_own_hides_what_a_buyer_left(sell: Sell, method: str) -> None:
    """The harness adopts it and ends it."""
    flags = {"behaviour": "tests.support.planted:new_session", "buyers": 2, "lock": "flock"}
    sale = sell(**flags, start_method=method, control=False)
    assert sale["verdict"] == "valid"
    assert sale["processes"]["orphans"] == 0
    children = [
        Path(f"/proc/{pid}/cmdline").read_text()
        for pid, parent in processes().items()
        if parent == sale["end"]["harness_pid"]
    ]
    # Its own helpers stay: the fork server, and private servers of sales before this one.
    assert not [one for one in children if "multiprocessing" not in one and KEEPER not in one]


@pytest.mark.parametrize("daemon", ["--daemon", "--no-daemon"])
def test_an_interruption_while_buyers_start_leaves_nobody(tmp_path: Path, daemon: str) -> None:
    """Nothing comes between a buyer's start and its entry in the roster."""
    for number in (signal.SIGINT, signal.SIGTERM):
        process = harness(tmp_path, "--buyers", "200", "--delay", "60s", daemon)
        everybody = wait_for_buyers(process, 3)
        os.killpg(process.pid, number)
        everybody |= family(process.pid)
        _, err = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 130
        assert err == "booking: interrupted; every buyer was ended\n"
        assert gone(everybody)


def test_a_buyer_with_a_mistake_is_no_pass(sell: Sell) -> None:
    """The report says what it was and where; no traceback is printed."""
    sale = sell(behaviour="tests.support.planted:crash", buyers=2)
    assert sale["verdict"] == "unknown"
    assert "ValueError: a mistake (planted.py:" in sale["reason"]
    assert sale["processes"]["crashed"] == 2


@pytest.mark.parametrize("method", METHODS)
def test_no_zombie_is_left(sell: Sell, method: str) -> None:
    """Every process is reaped, however it was started."""
    sale = sell(start_method=method, buyers=4, lock="flock", control=False)
    assert sale["processes"]["started"] == 4
    left = [sale["processes"][name] for name in ("alive", "zombies", "orphans")]
    assert left == [0, 0, 0]


def test_pids_and_parents_are_recorded(sell: Sell) -> None:
    """Ten buyers are ten processes, and the harness is the parent of all."""
    sale = sell(buyers=10)
    pids = {event["pid"] for event in sale["events"]}
    parents = {event["ppid"] for event in sale["events"]}
    assert len(pids) == 10
    assert parents == {sale["end"]["harness_pid"]}
    assert not pids & parents


def test_serial_buyers_never_overlap(sell: Sell) -> None:
    """Each is joined before the next one starts."""
    sale = sell(arrival="serial", buyers=4, delay="1ms", control=False)
    order = [event["process"] for event in sale["events"]]
    assert order == sorted(order)


def test_poisson_arrivals_follow_from_the_seed(sell: Sell) -> None:
    """Buyers come one by one in the order of their numbers, spread over time."""
    sale = sell(arrival="poisson:100", buyers=6, seed=7, delay="0ms", lock="flock", control=False)
    searches = [event for event in sale["events"] if event["f"] == "search"]
    first = {event["process"]: event["time"] for event in reversed(searches)}
    assert len(first) == 6
    assert max(first.values()) - min(first.values()) > 0


def test_a_buyers_print_does_not_spoil_the_answer(tmp_path: Path) -> None:
    """Standard output belongs to the harness."""
    import json

    done = subprocess.run(
        [sys.executable, "-m", "booking", "simulate", "--json", "--behaviour",
         "tests.support.planted:talk", "--buyers", "2"],
        cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["processes"]["started"] == 2
    assert done.stderr.count("a buyer talks") == 2
