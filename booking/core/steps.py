"""The seam: stores, locks and guards announce each shared effect just before it happens.

A process has at most one driver that is told of each step: the recorder (real buyers), the
explorer (every order), a fault plan, or a replay. Code that sells never knows which. So what is
explored or replayed is the code that sells.

Rules of the seam:

* announce *before* the effect: `step("replace", path, 2)`, then `os.replace(...)`;
* two effects are two steps: `open(path, "wb")` truncates, the flush writes;
* announce what a step gave with `saw(value)`: the count read, whether a lock was had;
* what touches nothing shared is no step: a private temporary file, a local variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Driver(Protocol):
    """Is told of each step of a process; may record it, wait, or kill the process."""

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Take note that `action` on `resource` comes next."""

    def saw(self, value: int | None) -> None:
        """Take note of what the last step of this buyer gave (0 or 1 for no and yes)."""

    def network(self) -> None:
        """Stand in for the network between a buyer and the inventory."""


# What an acquire saw that neither got the lock nor waits: its transaction will never have it.
LOST = -1

# A module's global, because `step` is called at every shared effect of every buyer.
_driver: Driver | None = None


def step(action: str, resource: str, value: int | None = None) -> None:
    """Announce that `action` on the shared `resource` comes next; `value` is what it will store."""
    if _driver is not None:
        _driver.step(action, resource, value)


def saw(value: int | None) -> None:
    """Announce what the last step gave: the count read, 0 or 1 for a lock not had or had."""
    if _driver is not None:
        _driver.saw(value)


def network() -> None:
    """Mark the place where a real sale would wait for its network."""
    if _driver is not None:
        _driver.network()


def drive(driver: Driver | None) -> Driver | None:
    """Install the driver of this process, or none; return the driver before."""
    global _driver
    before, _driver = _driver, driver
    return before


@contextmanager
def driven_by(driver: Driver) -> Iterator[None]:
    """Install the driver for the block."""
    before = drive(driver)
    try:
        yield
    finally:
        drive(before)
