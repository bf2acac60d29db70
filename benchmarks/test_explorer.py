"""The tutorial's purchase through this explorer and through frontrun, side by side.

Same machine, same run, rounds interleaved, medians. What each of them cannot do is printed too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from booking.core.verdict import Outcome
from tests.support.explorations import explored

ROUNDS = 3
SECONDS_MAX = 300
SCRIPT = Path(__file__).with_name("frontrun_purchase.py")
SALES = [
    (store, lock, buyers)
    for store in ("memory-shared", "json", "json-inplace")
    for lock in ("none", "mutex", "flock")
    for buyers in (2, 3, 4)
]
CANNOT = """
What each cannot do
  booking   sees only what is announced at its seam (and says unknown where something else was
            heard); explores purchases, not any Python function; no weak memory, no crashes here.
  frontrun  runs threads of one process, so a file lock between processes, multiprocessing.Lock
            or a fork are outside of it; gives no number of interleavings, merges no states;
            a verdict above that differs from ours is what it says of the same purchase.
"""


def _peer() -> list[dict]:
    launcher = Path(sys.executable).with_name("frontrun")
    done = subprocess.run(
        [launcher, sys.executable, SCRIPT, json.dumps(SALES)],
        capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    nothing = {"verdict": "gave no answer", "executions": None, "elapsed_s": float("nan")}
    return lines + [nothing] * (len(SALES) - len(lines))


def _ours(*, first: bool) -> list[dict]:
    explored(2, 1)  # warm up
    results = []
    for store, lock, buyers in SALES:
        name = None if lock == "none" else lock
        found = explored(buyers, 1, store=store, lock=name, first=first).exploration
        results.append(
            {
                "verdict": {Outcome.VALID: "proved", Outcome.INVALID: "race found"}.get(
                    found.outcome, "unknown"
                ),
                "executions": found.executions,
                "interleavings": found.interleavings,
                "elapsed_s": found.elapsed_s,
            }
        )
    return results


def _median(rounds: list[list[dict]], at: int) -> float:
    return 1000 * statistics.median(one[at]["elapsed_s"] for one in rounds)


def test_side_by_side_with_frontrun():
    """Executions, time to the witness, time to the proof, at two, three and four buyers."""
    if find_spec("frontrun") is None:
        pytest.skip("frontrun is not installed: uv pip install --group bench")
    ours_first, ours_all, peers = [], [], []
    for _ in range(ROUNDS):
        ours_first.append(_ours(first=True))
        peers.append(_peer())
        ours_all.append(_ours(first=False))
    from importlib.metadata import version

    print(f"\nfrontrun {version('frontrun')}, {os.cpu_count()} cores, median of {ROUNDS} rounds")
    head = f"{'store':<14} {'lock':<6} {'n':>2} | {'booking':<11} {'exec':>5} {'first ms':>9}"
    print(f"{head} {'all ms':>8} {'interleavings':>14} | {'frontrun':<22} {'exec':>5} {'ms':>8}")
    for at, (store, lock, buyers) in enumerate(SALES):
        first, whole, peer = ours_first[0][at], ours_all[0][at], peers[0][at]
        print(
            f"{store:<14} {lock:<6} {buyers:>2} | {whole['verdict']:<11} {first['executions']:>5} "
            f"{_median(ours_first, at):>9.1f} {_median(ours_all, at):>8.1f} "
            f"{whole['interleavings']:>14,} | {peer['verdict']:<22} "
            f"{peer['executions'] or '-':>5} {_median(peers, at):>8.1f}"
        )
    print(CANNOT)
    for at, (_, lock, _) in enumerate(SALES):
        assert ours_all[0][at]["verdict"] == ("race found" if lock == "none" else "proved")


def test_the_targets_of_ten_buyers():
    """Proof within a second, witness within a tenth, all numbers within five."""
    locked = explored(10, 3, lock="flock").exploration
    whole = explored(10, 3).exploration
    print(f"\nlocked: proved in {locked.elapsed_s:.3f} s ({locked.executions} executions)")
    print(f"witness in {whole.first_finding_s:.4f} s; everything in {whole.elapsed_s:.2f} s")
    assert locked.elapsed_s < 1
    assert whole.first_finding_s < 0.1
    assert whole.elapsed_s < 5
