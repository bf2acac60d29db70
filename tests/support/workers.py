"""Processes of the tests that answer each line with a line: one sells, one runs the program."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LIMIT_S = 120


class Worker:
    """A process of `tests.support` that answers each line with a line."""

    def __init__(self, module: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT, env={**os.environ, **environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        self._received = b""  # a line that came together with the one before it

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def ask(self, request: dict[str, object]) -> None:
        """Send a request."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")

    def answer(self) -> Any:
        """Return the next line, decoded, or raise TimeoutError."""
        assert self._process.stdout is not None
        while b"\n" not in self._received:
            if not select.select([self._process.stdout], [], [], LIMIT_S)[0]:
                self._process.kill()
                raise TimeoutError(f"no answer within {LIMIT_S} s")
            more = self._process.stdout.read(1 << 16)
            if not more:
                raise EOFError("the process ended without an answer")
            self._received += more
        line, _, self._received = self._received.partition(b"\n")
        return json.loads(line)

    def close(self) -> None:
        """End the process: its input has an end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(LIMIT_S)
        self._process.stdout.close()


@contextmanager
def worker(module: str, **environment: str) -> Iterator[Worker]:
    """Start a worker, and end it."""
    made = Worker(module, **environment)
    try:
        yield made
    finally:
        made.close()


def run_program(
    warm: Worker, outputs: Path, folder: Path, *words: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one command in a fork of the warm interpreter; return code, output and errors."""
    out, err = outputs / "out", outputs / "err"
    code = run_into(warm, str(out), str(err), folder, *words, **environment)
    return subprocess.CompletedProcess(words, code, out.read_text(), err.read_text())


def run_into(
    warm: Worker, out: str, err: str, folder: Path, *words: str, **environment: str
) -> int:
    """Run one command with its outputs into files, pipes or devices; return its exit code."""
    warm.ask({
        "words": words, "folder": str(folder), "out": out, "err": err,
        "environment": {**os.environ, "NO_COLOR": "1", **environment},
    })  # fmt: skip
    pid = warm.answer()
    try:
        code: int = warm.answer()
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        raise
    return code
