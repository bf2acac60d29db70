"""Signals at any moment of a command: its own exit code, at most one line, nothing left behind."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.support.signalled import (
    COMMANDS,
    LATE_CODES,
    QUICK,
    RESULTS,
    SPANS_S,
    STOPPED,
    left_running,
    prepare,
    signalled,
    start,
)
from tests.support.workers import LIMIT_S

SIGNALS_EACH = 10
BATCHES = 51  # the first one is in every run, of quick commands; 500 signals are in the others


@pytest.mark.sweep(usual=lambda batch: batch == 0)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_signal_at_any_moment_is_the_exit_code_and_leaves_nothing(
    tmp_path: Path, batch: int
) -> None:
    """From the first line of main on: at the start, in the sale, in the report, at the exit.

    Where a signal lands is luck; that each landing ends well is not.
    """
    random = Random(batch)
    slowness = prepare(tmp_path)  # the moments are spread over the whole command
    counts: Counter[tuple[str, int]] = Counter()
    for _ in range(SIGNALS_EACH):
        name = random.choice(sorted(COMMANDS) if batch else QUICK)
        number = random.choice(sorted(STOPPED))
        after_s = random.uniform(0, SPANS_S.get(name, 1.0) * slowness)
        group = random.random() < 0.5
        ended = signalled(tmp_path, COMMANDS[name], number, after_s, group=group)
        what = (f"batch {batch}", name, number.name, "group" if group else "harness", after_s)
        assert left_running(tmp_path) == [], what
        problems = ended.problems(number, LATE_CODES, tmp_path)
        assert not problems, (what, problems, ended)
        for result in RESULTS:
            (tmp_path / result).unlink(missing_ok=True)
        counts[number.name if ended.sent else "too late", ended.code] += 1
    print(f"batch {batch}: {dict(counts)}")


@pytest.mark.parametrize("number", STOPPED)
def test_a_signal_at_the_first_line_of_main_is_the_exit_code(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The handlers are there before the imports, which take most of the start."""
    code = (
        "import os, signal, sys; sys.argv = ['booking', '--version']; import booking.__main__\n"
        "import importlib.abc\n"
        "class Finder(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == 'booking.cli' and os.fork() == 0: os.kill(os.getppid(), {number}), "
        "os._exit(0)\n"
        "        if name == 'booking.cli': os.wait()\n"
        "sys.meta_path.insert(0, Finder())\n"
        "booking.__main__.main()\n"
    )
    (tmp_path / "tmp").mkdir()
    process = start(tmp_path, (), code=code)
    _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == STOPPED[number]
    assert err.count("\n") == (number != signal.SIGPIPE)
    assert "Traceback" not in err


def test_a_hangup_that_was_ignored_at_the_start_stays_ignored(tmp_path: Path) -> None:
    """Under `nohup` a sale goes on when the terminal is closed."""
    (tmp_path / "tmp").mkdir()
    words = ("simulate", "--buyers", "3", "--delay", "400ms", "--tickets", "3", "--lock")

    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = start(tmp_path, (*words, "--no-control"), preexec_fn=nohup)
    while process.poll() is None:
        os.killpg(process.pid, signal.SIGHUP)
        time.sleep(0.05)
    out, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, err) == (0, "")
    assert "3 sold" in out


def test_impatient_ctrl_c_leaves_no_more_behind_than_one(tmp_path: Path) -> None:
    """Every 2 ms until the program has ended: also while it cleans up."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "data.json").write_text('{"ticket_num": 5}')
    words = ("simulate", "--buyers", "8", "--delay", "60s")
    process = start(tmp_path, (*words, "--store", "json:data.json"))
    assert process.stdout is not None
    process.stdout.readline()  # the buyers are there
    while process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.002)
    _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert set(err.splitlines()[1:]) <= {"booking: interrupted"}  # after the command, at the exit
    assert err.startswith("booking: interrupted; every buyer was ended\n")
    assert left_running(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []
