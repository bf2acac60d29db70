"""A lock for each fact of its contract: broken in that, and in little else."""

from __future__ import annotations

from booking.core.steps import saw, step
from booking.locks.flock import FlockLock
from booking.locks.mutex import MutexLock
from tests.support.unheard import unheard


class SharesDescriptor(FlockLock):
    """Uses in a fork the descriptor that its parent opened, and with it the parent's lock."""

    def own(self) -> int:
        if self._own is None:
            self._own = self.open_own()
        return self._own


class AnswersLate(FlockLock):
    """Waits although there is no time."""

    def acquire(self, timeout_s: float) -> bool:
        return super().acquire(timeout_s or 1.5)


class GivesUp(FlockLock):
    """Waits for no other process."""

    def acquire(self, timeout_s: float) -> bool:
        return super().acquire(0.0)


class KeepsLock(FlockLock):
    """Releases nothing."""

    def release(self) -> None:
        step("release", self.resource)


class SurvivesSecretly(FlockLock):
    """States that it stays locked when its holder dies."""

    crash_safe = False


class NestsNothing(FlockLock):
    """States that its holder may take it twice, and is free after one release."""

    reentrant = True


class OfOneSale(MutexLock):
    """States that every program that builds it meets at it; each builds a semaphore."""

    one_sale_only = False


class StatesOneSale(FlockLock):
    """States that other programs do not meet at it, and they do."""

    one_sale_only = True


class CopyHolds(FlockLock):
    """Travels with its descriptor, and with it the lock."""

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__

    def __del__(self) -> None:
        """Leave the descriptor open: a copy may have it."""


class LocksSilently(FlockLock):
    """Announces no step."""

    def acquire(self, timeout_s: float) -> bool:
        with unheard():
            return super().acquire(timeout_s)


class LocksThenAnnounces(FlockLock):
    """Announces a lock that it has already."""

    def acquire(self, timeout_s: float) -> bool:
        with unheard():
            acquired = super().acquire(timeout_s)
        step("acquire", self.resource)
        saw(int(acquired))
        return acquired


class StatesHosts(FlockLock):
    """States that it works between machines, and is a lock of one kernel."""

    cross_host = True
