"""A timeout for system calls that take none: flock(2), and read(2) on a pipe.

One interval timer serves a whole process. It is set when a wait begins and no earlier alarm is
due. An alarm that finds the wait over, or a later one under way, sets the timer anew. So a wait
costs no system call of its own, and the timer wakes a process once per timeout.

    if arm(timeout_s):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            disarm()
        except Expired:
            ...  # too late; the alarm may have come after the kernel granted the lock
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable
from math import inf
from time import monotonic
from types import FrameType

REPEAT_S = 0.02  # an alarm may come before the call begins: another follows after this time
INSIST_S = 0.2  # for what clears up after the first alarm
SETITIMER_MIN_S = 1e-6  # setitimer(2) takes 0 for "never"


class Expired(Exception):  # noqa: N818 - not an error: a timeout that was reached
    """A timeout was reached inside the call that it was armed for."""


class _Alarm:
    """The one timer of a process, and the wait that it is armed for."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the timer: a forked child has none, and its only thread is the main one."""
        self.deadline_s = inf  # of the wait under way
        self.rings_s = inf  # when the timer rings next
        self.insist: Callable[[], None] | None = None
        self.expired = False  # whether the wait under way was told so
        self.main_thread = threading.main_thread().ident

    def arm(self, timeout_s: float, insist: Callable[[], None] | None = None) -> bool:
        """Raise `Expired` in this thread after `timeout_s` seconds, unless `disarm` comes first.

        `insist` is called when the wait goes on after that, as code does that swallows exceptions.
        Return False where that is impossible. Alarms come to the main thread only, and another
        part of the program may own them.
        """
        if threading.get_ident() != self.main_thread:
            return False
        now_s = monotonic()
        deadline_s = now_s + timeout_s
        if not now_s < self.rings_s <= deadline_s:  # never set, too late, or long since rung
            if not self._own_handler():
                return False
            self.rings_s = deadline_s
            signal.setitimer(signal.ITIMER_REAL, max(timeout_s, SETITIMER_MIN_S), REPEAT_S)
        self.deadline_s, self.insist, self.expired = deadline_s, insist, False
        return True

    def disarm(self) -> None:
        """End the wait; the timer may still ring once, without effect."""
        self.deadline_s = inf

    def stop(self) -> None:
        """Stop the timer for good: a ring after Python took its handlers back kills the process."""
        self.deadline_s = inf
        if signal.getsignal(signal.SIGALRM) == self._ring:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _own_handler(self) -> bool:
        """Return whether the handler of SIGALRM is ours; install it where there is none."""
        handler = signal.getsignal(signal.SIGALRM)
        if handler == self._ring:
            return True
        if handler is not signal.SIG_DFL or signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0):
            return False
        signal.signal(signal.SIGALRM, self._ring)
        return True

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        left_s = self.deadline_s - monotonic()
        if left_s == inf:
            self.rings_s = inf
            signal.setitimer(signal.ITIMER_REAL, 0)
        elif left_s > 0:
            self.rings_s = self.deadline_s
            signal.setitimer(signal.ITIMER_REAL, left_s, REPEAT_S)
        elif self.insist is None:
            self.deadline_s = inf  # the next ring finds no wait, and stops the timer
            raise Expired
        else:
            self._expire_again(self.insist)

    def _expire_again(self, insist: Callable[[], None]) -> None:
        """Raise `Expired` once; then insist, until the wait is disarmed."""
        if self.expired:
            insist()
            return
        self.expired, self.rings_s = True, monotonic() + INSIST_S
        signal.setitimer(signal.ITIMER_REAL, INSIST_S, REPEAT_S)
        raise Expired


# A process has one ITIMER_REAL, so it has one alarm.
_alarm = _Alarm()
os.register_at_fork(after_in_child=_alarm.reset)
atexit.register(_alarm.stop)
arm = _alarm.arm
disarm = _alarm.disarm
