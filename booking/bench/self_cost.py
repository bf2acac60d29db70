"""Measure the cost of booking's own machinery, as ratios to the least that the work can cost."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from booking.bench.thresholds import SIGNS
from booking.core.durations import Span
from booking.core.scenario import Scenario
from booking.core.spelling import unknown
from booking.errors import UsageError
from booking.experiments.sale import run_sale
from booking.recording.recorder import Recorder
from booking.system.scratch import scratch_folder

EVENTS = 50_000
TURNS = 7
FORKS = 50
FEW, MANY = 100, 1000  # buyers to start
NAMES = ("recorder", "help", f"start_{FEW}", f"start_{MANY}")
_FORM = re.compile(r"\s*(\w+)\.ratio\s*(>=|<=|==|>|<)\s*(\d+(?:\.\d+)?)\s*", re.ASCII)

Overhead = dict[str, Any]


def measure() -> list[Overhead]:
    """Return each overhead: `ours` and `bare` in its unit, `ratio` the median of ours to bare."""
    return [recorder(), program_help(), starting(FEW), starting(MANY)]


def checks(demands: Sequence[str]) -> Callable[[Sequence[Overhead]], list[tuple[str, bool]]]:
    """Parse thresholds such as `help.ratio<=6`; return the function that checks each.

    It returns a line for each, and whether it is met.
    """
    wanted = []
    for text in demands:
        match = _FORM.fullmatch(text)
        if match is None:
            raise UsageError(f"--require {text!r}: write it as NAME.ratio<=NUMBER")
        if match[1] not in NAMES:
            raise UsageError(f"--require {text!r}: {unknown('overhead', match[1], NAMES)}")
        wanted.append((text, match[1], SIGNS[match[2]], float(match[3])))

    def checked(overheads: Sequence[Overhead]) -> list[tuple[str, bool]]:
        ratios = {overhead["name"]: overhead["ratio"] for overhead in overheads}
        return [
            (f"{text}: {name} has {ratios[name]:.3g}", bool(holds(ratios[name], bound)))
            for text, name, holds, bound in wanted
        ]

    return checked


def recorder() -> Overhead:
    """Measure an event recorded, against a call that does nothing."""
    with scratch_folder() as folder:
        log = Recorder(folder / "log", 0, lambda: None)
        pairs = [(_each_us(log.step), _each_us(_nothing)) for _ in range(TURNS)]
        log.close()
    return _overhead("recorder", "an event recorded, against a call that does nothing", "us", pairs)


def program_help() -> Overhead:
    """Measure `booking --help`, against `python -c pass`."""
    pairs = [(_run_ms("-m", "booking", "--help"), _run_ms("-c", "pass")) for _ in range(TURNS)]
    return _overhead("help", "booking --help, against python -c pass", "ms", pairs)


def starting(buyers: int) -> Overhead:
    """Measure a buyer started and held at the start barrier, against a bare fork."""
    pairs = [(_start_ms(buyers), _fork_ms()) for _ in range(3)]
    return _overhead(
        f"start_{buyers}", f"a buyer started, of {buyers}, against a bare os.fork", "ms", pairs
    )


def _overhead(name: str, what: str, unit: str, pairs: Sequence[tuple[float, float]]) -> Overhead:
    ratios = sorted(ours / bare for ours, bare in pairs)
    return {
        "name": name,
        "what": what,
        "unit": unit,
        "ours": median(ours for ours, _ in pairs),
        "bare": median(bare for _, bare in pairs),
        "ratio": median(ratios),
        "range": [ratios[0], ratios[-1]],
    }


def _nothing(_action: str, _resource: str, _value: int | None) -> None:
    pass


def _each_us(call: Callable[[str, str, int | None], None]) -> float:
    start_s = time.perf_counter()
    for _ in range(EVENTS):
        call("read", "data.json", None)
    return (time.perf_counter() - start_s) * 1e6 / EVENTS


def _run_ms(*words: str) -> float:
    start_s = time.perf_counter()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start_s) * 1e3


def _start_ms(buyers: int) -> float:
    scenario = Scenario(buyers=buyers, tickets=1, delay=Span(0.0, 0.0), search=False, seed=0)
    end = run_sale(scenario).history.end
    return (end.opened_ns - end.started_ns) / 1e6 / buyers


def _fork_ms() -> float:
    start_s = time.perf_counter()
    for _ in range(FORKS):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    return (time.perf_counter() - start_s) * 1e3 / FORKS
