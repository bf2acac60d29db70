"""What tests share: a clean process that runs sales, and the program itself."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
LIMIT_S = 120

# No deadline and no saved examples: a test's outcome is a matter of the code, not of the clock.
settings.register_profile(
    "booking", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("booking")


def pytest_xdist_auto_num_workers() -> int:
    """Run two tests a processor: half of the time of a test is waiting for other processes."""
    return 2 * len(os.sched_getaffinity(0))


Result = dict[str, Any]
Sell = Callable[..., Result]


@pytest.fixture(scope="session")
def sell() -> Iterator[Sell]:
    """Run a sale with the flags given; give its JSON document, with its events."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.support.sale_worker"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert worker.stdin is not None
    assert worker.stdout is not None

    def run(**flags: object) -> Result:
        print(json.dumps(flags), file=worker.stdin, flush=True)
        if not select.select([worker.stdout], [], [], LIMIT_S)[0]:
            worker.kill()
            raise TimeoutError(f"no answer within {LIMIT_S} s to {flags}")
        answer: Result = json.loads(worker.stdout.readline())
        return answer

    yield run
    worker.stdin.close()
    worker.wait(LIMIT_S)
    worker.stdout.close()


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the program as a user does, in an empty folder; give code, output and errors."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "booking", *words],
            cwd=tmp_path, env={**os.environ, "NO_COLOR": "1", **environment},
            capture_output=True, text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip

    return run
