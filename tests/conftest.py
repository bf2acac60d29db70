"""What tests share: a clean process that runs sales, and the program itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.sweeps import KINDS, kinds, shard, usual
from tests.support.workers import LIMIT_S, ROOT, Worker, run_program, worker

__all__ = ["LIMIT_S", "ROOT", "Program", "Result", "Sell"]  # what tests import from here

# Programs that tests start find the modules of the tests, whatever their folder: a checkout that is
# installed in place has them on the path anyway, an unpacked source distribution has not.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))

# No deadline and no saved examples: a test's outcome is a matter of the code, not of the clock.
settings.register_profile(
    "booking", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("booking")
os.environ.pop("COLUMNS", None)  # what is printed must not depend on the developer's terminal


def pytest_xdist_auto_num_workers() -> int:
    """Run two tests a processor: half of the time of a test is waiting for other processes."""
    return 2 * len(os.sched_getaffinity(0))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--shard K/N`: of the slow tests only one of N parts, by a hash of each id."""
    parser.addoption("--shard", metavar="K/N", type=shard, help="one of N shards of slow tests")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the cases of sweeps that are not usual; with `--shard` keep one shard of what is slow.

    A test's shard depends on its id alone, so it stays when other tests come and go.
    """
    for item in items:
        if not usual(item):
            item.add_marker("slow")
    config.stash[KINDS] = kinds(items)
    if wanted := config.getoption("shard"):
        kept = {item for item in items if item.get_closest_marker("slow") and wanted(item.nodeid)}
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = [item for item in items if item in kept]


Result = dict[str, Any]
Sell = Callable[..., Result]
Program = Callable[..., subprocess.CompletedProcess[str]]
RunIn = Callable[..., subprocess.CompletedProcess[str]]  # the same, after the folder


@pytest.fixture(scope="session")
def sell() -> Iterator[Sell]:
    """Run a sale with the flags given; return its JSON document, with its events."""

    def run(**flags: object) -> Result:
        seller.ask(flags)
        answer: Result = seller.answer()
        return answer

    with worker("tests.support.sale_worker") as seller:
        yield run


@pytest.fixture(scope="session")
def warm_worker() -> Iterator[Worker]:
    """Start an interpreter that has its imports behind it, and forks for each command."""
    with worker("tests.support.program_worker") as warm:
        yield warm


@pytest.fixture(scope="session")
def warm_program(warm_worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> RunIn:
    """Run the program in a fork of an interpreter that has its imports behind it."""
    return partial(run_program, warm_worker, tmp_path_factory.mktemp("program"))


@pytest.fixture
def program(warm_program: RunIn, tmp_path: Path) -> Program:
    """Run the program as a user does, in an empty folder; return code, output and errors.

    Starting an interpreter and importing everything takes longer than most commands. Where that
    start is part of what is tested, a test asks for `fresh_program`.
    """
    return partial(warm_program, tmp_path)


@pytest.fixture
def fresh_program(tmp_path: Path) -> Program:
    """Run the program in an interpreter of its own, otherwise as `program` does."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "booking", *words],
            cwd=tmp_path, env={**os.environ, "NO_COLOR": "1", **environment},
            capture_output=True, text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip

    return run
