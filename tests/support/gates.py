"""Hold a sale at a place of its own code until the test lets it go on: by pipes, not by time."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from booking.core.base_classes import BaseGuard
from booking.core.protocols import SOLD_OUT, Kit, Order, Reply, Store

LIMIT_S = 60.0
GATES = "BOOKING_TEST_GATES"  # the folder of the pipes


class Gated(BaseGuard):
    """Guard `lock` with a gate between its read and its write, and one behind the purchase."""

    sound = True

    def __init__(self, kit: Kit) -> None:
        assert kit.lock is not None
        self.lock = kit.lock
        self.timeout_s = kit.acquire_timeout_s

    def sell(self, store: Store, order: Order) -> Reply:
        assert self.lock.acquire(self.timeout_s)
        try:
            remaining = store.read()
            wait_at("before the write")
            if remaining < order.quantity:
                return Reply("fail", error=SOLD_OUT)
            store.write(remaining - order.quantity)
        finally:
            self.lock.release()
        wait_at("behind the purchase")
        return Reply("ok", remaining)


def wait_at(gate: str) -> None:
    """Wait until the test opens the gate; go on where there is none."""
    try:
        fd = os.open(Path(os.environ[GATES]) / gate, os.O_RDONLY)
    except FileNotFoundError:
        return
    os.read(fd, 1)
    os.close(fd)


def close_gate(folder: Path, gate: str) -> None:
    os.mkfifo(folder / gate)


@contextmanager
def held(folder: Path, gate: str) -> Iterator[None]:
    """Wait until a buyer stands at the gate; open it behind the block."""
    fd = _opened(folder / gate)
    try:
        (folder / gate).unlink()
        yield
    finally:
        os.close(fd)


def _opened(gate: Path) -> int:
    """Open the gate's pipe as soon as a buyer has it open; fail where none comes."""
    deadline_s = time.monotonic() + LIMIT_S
    while True:
        try:
            return os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        assert time.monotonic() < deadline_s, f"no buyer came to {gate}"
        time.sleep(0.01)
