"""Torture one lock alone, in real processes: every order is forced, and every wait has a limit.

Each check gets a lock of its own in a folder of its own, and returns the faults that it saw.
Processes stop and go on by the word of their parent, so a fault that is seen is there each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import wait
from pathlib import Path

from booking.core.protocols import Lock
from booking.core.wording import counted
from booking.processes.lock_user import LockUser, Survey
from booking.system.deadline import arm, disarm

GRANT_S = 10.0  # for a grant that is due: it ends a wait at once, so only a fault takes so long
REFUSED_S = 0.3  # for a grant that is not due
LIMIT_S = 0.05  # a time limit that runs out
SLOW_S = 1.0  # what is not at once, also on a busy machine
STALL_S = 0.1  # a process that waits for a stopped one is no fault
STALLS_MAX = 3
LINES_MAX = 60  # of one call
DEATHS_MAX = 8
ROUNDS = 3
ANOTHER_FOLDER = (
    "the lock of one folder is held with that of another: "
    "name it by its whole path, not by path.name alone"
)
PRESS = 10
PROCESSES = 3

Build = Callable[[Path], Lock]
Faults = list[str]


class Torture:
    """The checks of one lock; `build` makes it in a folder, as a sale there does."""

    def __init__(self, build: Build, folder: Path) -> None:
        self._build = build
        self._folder = folder
        self._serial = 0
        self._import()

    def _import(self) -> None:
        """Use a lock here once: each process would else import what that needs by itself."""
        lock = self._build(self._new_folder())
        armed = arm(SLOW_S)
        try:
            if lock.acquire(0.0):
                lock.release()
        except Exception:
            return  # the processes will find it, and say so
        finally:
            if armed:
                disarm()

    @contextmanager
    def users(self, processes: int = PROCESSES) -> Iterator[list[LockUser]]:
        """Start processes that use a new lock."""
        folder = self._new_folder()
        lock = self._build(folder)
        with ExitStack() as stack:
            yield [stack.enter_context(LockUser(lock, folder)) for _ in range(processes)]

    def _new_folder(self) -> Path:
        self._serial += 1
        folder = self._folder / str(self._serial)
        folder.mkdir(parents=True)
        return folder

    def exclusion(self) -> Faults:
        """Ask while one process holds it, at once and with a time limit; then release it."""
        with self.users() as (a, b, c):
            if not a.acquire(GRANT_S):
                return ["a new lock is refused"]
            faults = _refused(b, "a second process is let in while the first one holds it")
            faults += self._time_out(c)
            a.release()
            if not b.acquire(GRANT_S):
                return [*faults, "it is not free after its release"]
            faults += _refused(a, "two processes hold it after a release")
            b.release()
            return faults

    def _time_out(self, waiter: LockUser) -> Faults:
        faults = []
        for limit_s in (0.0, LIMIT_S):
            acquired, elapsed_s = waiter.process.call("timed", limit_s)
            if acquired:
                faults.append(
                    f"a process that waits {limit_s:g} s is let in while another holds it"
                )
                waiter.release()
            elif not limit_s * 0.9 <= elapsed_s < limit_s + SLOW_S:
                faults.append(f"a wait of {limit_s:g} s ends after {elapsed_s:.2f} s")
        return faults

    def is_owned(self) -> bool:
        """Return whether its holder keeps it when another process releases it."""
        with self.users() as (a, b, c):
            if not a.acquire(GRANT_S):
                return False
            b.process.call("release_unheld")
            return not c.acquire(0.0)

    def hand_over(self, rounds: int = 1) -> tuple[Faults, bool]:
        """Hand it over to two that wait; return the faults, and whether the first one was first."""
        in_turn = True
        for _ in range(rounds):
            with self.users() as (a, b, c):
                if not a.acquire(GRANT_S):
                    return ["a new lock is refused"], False
                for waiter in (b, c):
                    waiter.waits()
                    if waiter.process.answered():
                        return ["it is not waited for while another process holds it"], False
                a.release()
                faults, first = _handed_over(a, [b, c])
                if faults:
                    return faults, False
                in_turn = in_turn and first is b
        return [], in_turn

    def death(self, grant_s: float) -> tuple[Faults, str | None]:
        """Kill a holder, a waiter, and one in the middle of its acquire; return why it stays held.

        `grant_s` is how long a free lock may take to be noticed.
        """
        faults, why = self._death_of_holder(grant_s)
        if faults or why:
            return faults, why
        faults, why = self._death_of_waiter(grant_s)
        if faults or why:
            return faults, why
        return [], self._death_in_acquire(grant_s)

    def _death_of_holder(self, grant_s: float) -> tuple[Faults, str | None]:
        with self.users() as (a, b, c):
            if not a.acquire(GRANT_S):
                return ["a new lock is refused"], None
            b.waits(grant_s)
            a.process.kill()
            if not b.process.result():
                return [], "its holder was killed"
            return _refused(c, "two processes hold it after the death of its holder"), None

    def _death_of_waiter(self, grant_s: float) -> tuple[Faults, str | None]:
        with self.users() as (a, b, c):
            a.acquire(GRANT_S)
            b.waits()
            b.process.kill()
            faults = _refused(c, "a waiter that is killed frees it")
            a.release()
            why = None if c.acquire(grant_s) else "a process that waited for it was killed"
            return faults, why

    def _death_in_acquire(self, grant_s: float) -> str | None:
        """Kill a process right after each change that its acquire makes to the lock's folder."""
        for line in self.survey("acquire", 0.0).changes[:DEATHS_MAX]:
            with self.users(2) as (a, b):
                where = a.stops(line, "acquire", 0.0)
                a.process.kill()
                if where is not None and not b.acquire(grant_s):
                    return f"a process was killed in its acquire, before {where}"
        return None

    def survey(self, method: str, *values: float) -> Survey:
        """Return what one call of a method runs through."""
        with self.users(1) as (a,):
            if method == "release":
                a.acquire(GRANT_S)
            survey: Survey = a.process.call("survey", method, *values)
            return survey

    def another_folder(self) -> Faults:
        """Hold the lock of one folder, and ask for that of another."""
        with self.users(1) as (a,), self.users(1) as (b,):
            if a.acquire(GRANT_S) and not b.acquire(0.0):
                return [ANOTHER_FOLDER]
        return []

    def threads_wait(self) -> bool:
        """Return whether another thread of its holder has to wait."""
        with self.users(1) as (a,):
            return not a.process.call("from_thread")

    def nests(self) -> bool:
        """Return whether its holder may take it again, and releases it as often."""
        with self.users(2) as (a, b):
            if not a.acquire(GRANT_S) or not a.acquire(0.0):
                return False
            a.release()
            return not b.acquire(0.0)

    def press(self) -> Faults:
        """Take and release it in all processes at once, around what only a lock keeps whole."""
        count = self._new_folder() / "count"
        count.touch()
        with self.users() as users:
            for user in users:
                user.process.begin("press", PRESS, count)
            met = sum(user.process.result() for user in users)
        lost = PROCESSES * PRESS - int(count.read_text())
        if met or lost:
            times, additions = counted(met, "time"), counted(lost, "addition")
            return [f"two processes were inside at once {times}, and {additions} got lost"]
        return []

    def interrupted(self) -> Faults:
        """Stop an acquire before each of its lines, and a release: let another process go first."""
        calls: list[tuple[str, tuple[float, ...]]] = [("acquire", (0.0,)), ("release", ())]
        for method, values in calls:
            faults = self._stop_before_each(_chosen(self.survey(method, *values)), method)
            if faults:
                return faults
        return []

    def _stop_before_each(self, lines: Sequence[int], method: str) -> Faults:
        stalls = 0
        with self.users() as users:
            for line in lines:
                for visits in (False, True):
                    stopped = _Stopped(users, line, visits=visits)
                    fault = stopped.acquire() if method == "acquire" else stopped.release()
                    if fault:
                        return [fault]
                    stalls += stopped.stalled
                    if stalls > STALLS_MAX:
                        return []
        return []


class _Stopped:
    """One process is stopped before a line of the lock's code, while another one asks.

    `visits`: that one releases the lock at once, and asks again when the first has gone on.
    """

    def __init__(self, users: Sequence[LockUser], line: int, *, visits: bool) -> None:
        self._a, self._b, self._c = users
        self._line = line
        self._visits = visits
        self.stalled = False

    def acquire(self) -> str | None:
        """Stop an acquire."""
        where = self._a.stops(self._line, "acquire", 0.0)
        if where is None:
            self._end([self._a] if self._a.process.result() else [])
            return None
        b = self._ask(self._b)
        if b and self._visits:
            self._b.release()
        a = self._a.goes_on()
        b = self._answer(self._b, b)
        if self._visits:
            b = self._b.acquire(0.0)
        self._end([user for user, holds in ((self._a, a), (self._b, b)) if holds])
        return (
            f"two processes hold it: one was stopped at {where} in its acquire" if a and b else None
        )

    def release(self) -> str | None:
        """Stop a release: a process that gets the lock meanwhile must keep it."""
        if not self._a.acquire(GRANT_S):
            return "it is not free after its release"
        where = self._a.stops(self._line, "release")
        if where is None:
            self._a.process.result()
            return None
        b = self._ask(self._b)
        self._a.goes_on()
        b = self._answer(self._b, b)
        c = b and self._c.acquire(0.0)
        self._end([user for user, holds in ((self._b, b), (self._c, c)) if holds])
        return f"two processes hold it: one was stopped at {where} in its release" if c else None

    def _ask(self, user: LockUser) -> bool:
        """Ask; a process that waits for the stopped one has not answered yet."""
        user.process.begin("acquire", 0.0)
        self.stalled = not user.process.answered(STALL_S)
        return not self.stalled and bool(user.process.result())

    def _answer(self, user: LockUser, before: bool) -> bool:
        return bool(user.process.result()) if self.stalled else before

    @staticmethod
    def _end(holders: Sequence[LockUser]) -> None:
        for user in holders:
            user.release()


def _refused(user: LockUser, fault: str) -> Faults:
    """Return the fault where a process gets the lock that another one holds."""
    if not user.acquire(0.0):
        return []
    user.process.call("release_unheld")
    return [fault]


def _handed_over(outside: LockUser, waiters: list[LockUser]) -> tuple[Faults, LockUser | None]:
    """Wait until each waiter has had the lock, alone; return which was the first."""
    first = None
    while waiters:
        ready = wait([user.process.line for user in waiters], GRANT_S)
        user = next((user for user in waiters if user.process.line in ready), None)
        if user is None or not user.process.result():
            return ["it was released, and a process that waits for it does not get it"], None
        first = first or user
        waiters.remove(user)
        faults = _refused(outside, "a process that waited was let in, and a third one with it")
        if faults or any(other.process.answered() for other in waiters):
            return faults or ["two processes that waited are let in at once"], None
        user.release()
    return [], first


def _chosen(survey: Survey) -> Sequence[int]:
    """Return each line; of too many some at equal distances, and those around each change."""
    lines = len(survey.lines)
    if lines <= LINES_MAX:
        return range(lines)
    near = {at + by for at in survey.changes[:DEATHS_MAX] for by in (-1, 0, 1)}
    return sorted({*range(0, lines, lines // LINES_MAX + 1), *near})
