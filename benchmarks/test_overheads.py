"""What our own machinery costs, as ratios in one run. `make bench`; no part of the tests."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from booking.core.durations import Span
from booking.core.scenario import Scenario
from booking.experiments.sale import run_sale
from booking.recording.recorder import Recorder

EVENTS = 200_000


def seconds(work: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def test_an_event_is_recorded_within_3_microseconds(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "log", 0, lambda: None)

    def record() -> None:
        for _ in range(EVENTS):
            recorder.step("read", "data.json", None)
            recorder.saw(3)

    each_us = statistics.median(seconds(record) for _ in range(5)) / EVENTS / 2 * 1e6
    print(f"\nrecorder: {each_us:.2f} us an event")
    assert each_us <= 3


def test_help_takes_at_most_6_times_python_itself() -> None:
    def run(*words: str) -> float:
        command = [sys.executable, *words]
        return seconds(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True))

    pairs = [(run("-m", "booking", "--help"), run("-c", "pass")) for _ in range(21)]
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    print(f"\nbooking --help: {ratio:.1f} times `python -c pass`")
    assert ratio <= 6


def test_a_thousand_buyers_are_a_thousand_processes() -> None:
    scenario = Scenario(buyers=1000, tickets=3, delay=Span(0.01, 0.01), search=False)
    start_s = time.perf_counter()
    sale = run_sale(scenario)
    total_s = time.perf_counter() - start_s
    end = sale.history.end
    start_each_ms = (end.opened_ns - end.started_ns) / 1e6 / 1000

    def fork() -> None:
        for _ in range(100):
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)

    fork_ms = seconds(fork) * 1e3 / 100
    print(
        f"\n1,000 buyers: {total_s:.1f} s in all, {start_each_ms:.1f} ms to start one "
        f"({start_each_ms / fork_ms:.1f} times a bare os.fork), sold {sale.sold}"
    )
    assert len({event.pid for event in sale.history.events}) == 1000
    assert [end.alive, end.zombies, end.orphans] == [0, 0, 0]
