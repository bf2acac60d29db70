"""A sale whose private server stays for a while."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

LIMIT_S = 60
PROGRAMS = {"postgres": "postgres", "redis": "valkey-server"}
SALE = ["--buyers", "2", "--delay", "20s", "--timeout", "60s", "--no-control", "--json"]


@pytest.fixture
def selling(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Begin a sale whose private server stays for a while, in a temporary folder of its own."""
    started: list[subprocess.Popen[bytes]] = []
    scratch = tmp_path / "t"
    scratch.mkdir()

    def begin(store: str, *more: str) -> subprocess.Popen[bytes]:
        harness = subprocess.Popen(
            [sys.executable, "-m", "booking", "simulate", "--store", store, *SALE, *more],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(scratch)},
        )  # fmt: skip
        started.append(harness)
        return harness

    yield begin
    for harness in started:
        harness.kill()
        harness.wait(LIMIT_S)
        if harness.stdout:
            harness.stdout.close()
