"""A time limit on system calls that know none: flock(2), and read(2) on a pipe.

One timer serves a whole process. It is set when somebody waits and no earlier alarm is due; an
alarm that finds the wait over, or renewed, sets itself anew. So a wait costs no system call of
its own, however many there are, and a process is woken once in a time limit.

    if limit(timeout_s):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            lift()
        except Expired:
            ...  # too late; the alarm may have come between the kernel's yes and ours
"""

from __future__ import annotations

import os
import signal
import threading
from math import inf
from time import monotonic
from types import FrameType

AGAIN_S = 0.02  # an alarm that came before the call began is followed by another
SOON_S = 1e-6  # the timer takes 0 for "never"


class Expired(Exception):  # noqa: N818 - not an error: a time limit that was reached
    """A time limit was reached inside the call it was meant for."""


class _Alarm:
    """The one timer of a process, and the one who waits."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """A forked child has no timer, and its only thread is the main one."""
        self.deadline_s = inf  # of whoever waits now
        self.rings_s = inf  # when the timer rings next
        self.main = threading.main_thread().ident

    def limit(self, timeout_s: float) -> bool:
        """Raise `Expired` in this thread after `timeout_s` seconds, unless `lift` comes first.

        False where that cannot be: alarms come to the main thread only, and may be another's.
        """
        if threading.get_ident() != self.main:
            return False
        now_s = monotonic()
        deadline_s = now_s + timeout_s
        if not now_s < self.rings_s <= deadline_s:  # never set, too late, or long since rung
            if not self._ours():
                return False
            self.rings_s = deadline_s
            signal.setitimer(signal.ITIMER_REAL, max(timeout_s, SOON_S), AGAIN_S)
        self.deadline_s = deadline_s
        return True

    def lift(self) -> None:
        """Nobody waits any more."""
        self.deadline_s = inf

    def _ours(self) -> bool:
        """Say whether alarms are ours to use; make them ours where they are nobody's."""
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
            signal.setitimer(signal.ITIMER_REAL, left_s, AGAIN_S)
        else:
            self.deadline_s = inf  # the next ring finds nobody waiting, and is the last
            raise Expired


_alarm = _Alarm()
os.register_at_fork(after_in_child=_alarm.forget)
limit = _alarm.limit
lift = _alarm.lift
