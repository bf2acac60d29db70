"""Measure the floor: the same reads and writes in one process without a lock.

`bare` runs the store's own Python code. `c` replaces a JSON file in C as it is usually done
(`baseline.c`, compiled here where there is a compiler): a new file, renamed over the old one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from booking.core.protocols import Store
from booking.errors import BookingError

SOURCE = Path(__file__).with_name("baseline.c")
COMPILERS = ("cc", "gcc", "clang")
COMPILE_S = 60
PATIENCE_S = 30
TICKETS = 10**9


def bare(store: Store, duration_s: float) -> float:
    """Sell for `duration_s` seconds in this process, without a lock; return tickets a second."""
    store.reset(TICKETS)
    sold, start_s = 0, time.perf_counter()
    end_s = start_s + duration_s
    while (now_s := time.perf_counter()) < end_s:
        store.write(store.read() - 1)
        sold += 1
    return sold / (now_s - start_s)


def compile_limit(folder: Path) -> Path | None:
    """Compile the C loop in `folder` and return its path; None without a working compiler."""
    compiler = next((path for path in map(shutil.which, COMPILERS) if path), None)
    if compiler is None:
        return None
    program = folder / "limit"
    command = [compiler, "-O2", "-o", str(program), str(SOURCE)]
    own = {**os.environ, "TMPDIR": str(folder)}  # a compiler that is killed leaves its files
    try:
        done = subprocess.run(command, capture_output=True, timeout=COMPILE_S, check=False, env=own)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return program if done.returncode == 0 else None


def c_loop(program: Path, folder: Path, duration_s: float, *, durable: bool) -> float:
    """Run the C loop in `folder`; return tickets a second."""
    words = [str(program), str(folder), str(max(1, round(duration_s * 1000))), str(int(durable))]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=duration_s + PATIENCE_S, check=False
    )
    if done.returncode != 0:
        raise BookingError(f"the C loop failed in {folder}; is the disk full? try --no-c")
    sold, elapsed_ns = map(int, done.stdout.split())
    return sold * 1e9 / elapsed_ns
