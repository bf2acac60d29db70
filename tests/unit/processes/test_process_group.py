"""The process group of a sale: none is left behind, even where the harness is interrupted."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.conftest import LIMIT_S, Sell
from tests.support.process_tree import METHODS, family, gone, harness, wait_for_buyers

LINES = {
    signal.SIGINT: "booking: interrupted; every buyer was ended\n",
    signal.SIGTERM: "booking: terminated; every buyer was ended\n",
    signal.SIGHUP: "booking: the terminal was closed; every buyer was ended\n",
}


@pytest.mark.sweep(usual=lambda number, method: number == signal.SIGINT or method == "fork")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("number", LINES)
def test_an_interrupted_harness_ends_every_buyer_and_reports_it(
    tmp_path: Path, method: str, number: signal.Signals
) -> None:
    """Ctrl-C goes to every process of the terminal; only the harness acts on it."""
    process = harness(tmp_path, "--buyers", "5", "--delay", "60s", "--start-method", method)
    pids = wait_for_buyers(process, 5)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 128 + number
    assert err == LINES[number]
    assert gone(pids)
    assert {path.name for path in tmp_path.iterdir()} == {"data.json"}


@pytest.mark.parametrize("daemon", ["--daemon", "--no-daemon"])
def test_an_interrupt_while_buyers_start_leaves_no_process(tmp_path: Path, daemon: str) -> None:
    """No interrupt comes between a buyer's start and its entry in the process group."""
    for number, line in LINES.items():
        process = harness(tmp_path, "--buyers", "200", "--delay", "60s", daemon)
        pids = wait_for_buyers(process, 3)
        os.killpg(process.pid, number)
        pids |= family(process.pid)
        _, err = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 128 + number
        assert err == line
        assert gone(pids)


@pytest.mark.sweep(usual=lambda method: method == "fork")
@pytest.mark.parametrize("method", METHODS)
def test_no_zombie_is_left(sell: Sell, method: str) -> None:
    """Every process is reaped, however it was started."""
    sale = sell(start_method=method, buyers=4, lock="flock", control=False)
    assert sale["processes"]["started"] == 4
    left = [sale["processes"][name] for name in ("alive", "zombies", "orphans")]
    assert left == [0, 0, 0]
