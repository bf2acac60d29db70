"""A lock under a schedule: it is asked, and never blocks the process of its buyer."""

from __future__ import annotations

import time
from typing import Any

from booking.core.protocols import Lock

PAUSE_S = 0.001  # before a lock that announces no step, so waits nowhere, is asked again


class AskedLock:
    """A lock that answers at once; a buyer that was refused comes to its acquire again.

    So the harness orders the waits as well: it decides when a buyer asks, and the lock decides
    what it is told. A wait of no time stays one question with one answer.
    """

    asking = False  # in this process, whether a buyer is in an acquire: it runs one buyer

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    def acquire(self, timeout_s: float) -> bool:
        """Ask until the answer is yes; of a wait of no time, once."""
        AskedLock.asking = timeout_s > 0
        try:
            while not (acquired := self._lock.acquire(0.0)) and timeout_s > 0:
                time.sleep(PAUSE_S)
        finally:
            AskedLock.asking = False
        return acquired

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._lock, name)
