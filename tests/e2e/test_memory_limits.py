"""What would not fit into memory is refused beforehand, and the estimates agree with peaks."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from booking.core.scenario import Scenario
from booking.errors import CapacityError
from booking.explorer.memory import STATE_BYTES
from booking.history.memory import ensure_memory
from booking.history.source import Source
from booking.processes.sale_memory import order_bytes, orders_of
from booking.system import memory
from booking.system.memory import Need
from tests.conftest import ROOT, Program

FACTOR = 2.0
MIB = 1 << 20


@pytest.mark.parametrize("words, said", [
    (("simulate", "--tickets", "1000000", "--until-sold-out", "--lock"), "give --tickets"),
    (("simulate", "--tickets", "1000000", "--buy-for", "60s"), "give --tickets"),
    (("simulate", "--buyers", "200"), "give --buyers 41 or less"),
    (("simulate", "--buyers", "200", "--start-method", "spawn"), "give --buyers 10 or less"),
    (("explore", "--max-states", "1000000"), "give --max-states 218453 or less"),
], ids=["orders", "time", "buyers", "spawned", "states"])  # fmt: skip
def test_it_says_how_much_there_is_and_what_to_lower(
    program: Program, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    result = program(*words, "--max-memory", "250MiB")
    assert (result.returncode, result.stdout) == (2, "")
    assert " of memory, and there are 250 MiB (--max-memory); give --" in result.stderr
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_it_advises_fits(program: Program) -> None:
    """And one more would not."""
    words = ("explore", "--buyers", "2", "--max-memory", "12MB", "--max-states")
    assert program(*words, "10001").returncode == 2
    assert "give --max-states 10000 or less" in program(*words, "10001").stderr
    assert program(*words, "10000").returncode == 1


def test_an_inventory_that_is_taken_as_it_is_counts_too(program: Program, tmp_path: Path) -> None:
    """How many tickets there are shows when it is read: before a buyer starts."""
    path = tmp_path / "data.json"
    path.write_text('{"ticket_num": 1000000000}')
    words = ("--store", f"json:{path}", "--until-sold-out", "--lock", "--max-memory", "1GiB")
    result = program("simulate", *words)
    assert result.returncode == 2
    assert "give --tickets" in result.stderr
    assert path.read_text() == '{"ticket_num": 1000000000}'
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.json"]


def test_a_history_that_is_too_long_is_refused_by_its_size(
    program: Program, tmp_path: Path
) -> None:
    """Of a few kilobytes read, the length of the whole is estimated."""
    path = tmp_path / "h.jsonl"
    write_history(path, 400)
    with path.open("ab") as file:
        file.truncate(1 << 30)
    result = program("check", str(path), "--tickets", "3", "--max-memory", "100MiB")
    assert (result.returncode, result.stdout) == (2, "")
    assert "about 1 GiB of memory" in result.stderr or "GiB of memory" in result.stderr
    assert "lines of it" in result.stderr


def test_a_limit_of_the_address_space_is_respected(tmp_path: Path) -> None:
    """A real one: `ulimit -v`."""
    command = f"ulimit -v 1000000; exec {sys.executable} -m booking explore --max-states 2000000"
    result = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "(ulimit -v); give --max-states" in result.stderr


# Estimates against measured peaks.


def write_history(path: Path, orders: int, *, mixed: bool = False) -> int:
    """Write a sound sale, one order after another; return its tickets."""
    left = tickets = orders * 3 + 10
    with path.open("w") as file:
        for number in range(orders):
            quantity = 1 + number % 3 if mixed else 1
            event = {"process": number % 8, "f": "buy", "quantity": quantity}
            for kind, value in (("invoke", None), ("ok", left)):
                file.write(json.dumps({**event, "type": kind, "value": value}) + "\n")
            left -= quantity
    return tickets


def peak_of(*words: str, beginning: tuple[str, ...] = ("list", "--json")) -> int:
    """Return how much more memory the program took at its peak than it takes to begin."""
    # A process inherits the peak of the one that starts it: a small interpreter starts it.
    script = (
        "import os, subprocess, sys\n"
        "p = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(os.wait4(p.pid, 0)[2].ru_maxrss << 10)\n"
    )
    peaks = []
    for command in (beginning, words):
        program = [sys.executable, "-m", "booking", *command]
        done = subprocess.run(
            [sys.executable, "-S", "-c", script, *program],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        peaks.append(int(done.stdout))
    return peaks[1] - peaks[0]


def close_enough(estimate: int, peak: int) -> bool:
    print(f"estimate {estimate / MIB:.1f} MiB, peak {peak / MIB:.1f} MiB")
    return estimate / FACTOR <= peak <= estimate * FACTOR


def gathered(orders: int, steps: int) -> int:
    """Return what the harness takes for a sale of so many orders: a process of its own."""
    script = ROOT / "tests/support/gathered_sale.py"
    words = [sys.executable, str(script), str(orders), str(steps)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.sweep(usual=lambda orders: orders == 30_000)
@pytest.mark.parametrize("orders", [30_000, 100_000])
@pytest.mark.parametrize("guard, steps", [("atomic", 1), ("lock", 4)])
def test_the_estimate_of_a_sale(orders: int, guard: str, steps: int) -> None:
    scenario = Scenario(guard=guard, lock="flock" if guard == "lock" else None, search=False,
                        until_sold_out=True, buyers=4)  # fmt: skip
    assert orders_of(scenario, orders) == orders + 4
    assert close_enough(orders * order_bytes(scenario), gathered(orders, steps))


@pytest.mark.sweep(usual=lambda orders, mixed: orders == 60_000 and mixed)
@pytest.mark.parametrize("orders", [60_000, 200_000])
@pytest.mark.parametrize("mixed", [False, True])
def test_the_estimate_of_a_check(
    tmp_path: Path, orders: int, mixed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "h.jsonl"
    tickets = write_history(path, orders, mixed=mixed)
    needs: list[Need] = []
    monkeypatch.setattr(
        "booking.history.memory.ensure_fits", lambda _what, need, _less: needs.append(need)
    )
    ensure_memory(Source(path))
    small = tmp_path / "small.jsonl"
    beginning = ("check", str(small), "--tickets", str(write_history(small, 2, mixed=mixed)))
    peak = peak_of("check", str(path), "--tickets", str(tickets), beginning=beginning)
    assert close_enough(needs[0].total, peak)


@pytest.mark.sweep(usual=lambda states: states == 20_000)
@pytest.mark.parametrize("states", [20_000, 60_000])
def test_the_estimate_of_an_exploration(states: int) -> None:
    """This one has more states, and reaches the bound."""
    words = ("explore", "--buyers", "8", "--tickets", "6", "--search", "--max-seconds", "600",
             "--max-states", str(states))  # fmt: skip
    assert close_enough(states * STATE_BYTES, peak_of(*words))


def test_nothing_allows_more_behind_a_command(program: Program) -> None:
    """`--max-memory` is of one command, not of the process."""
    from booking.cli.main import main

    assert main(["explore", "--buyers", "1", "--max-memory", "1GiB", "--json"]) in {0, 3}
    room = memory.total_room()
    assert room is None or room.limited_by != "--max-memory"
    assert resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(CapacityError):
        memory.ensure_fits("it", Need(0, 1 << 60), str)
