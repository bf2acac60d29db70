"""What a buyer's process has open, holds and has made in one purchase; and how that is undone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from os import close as _close
from os import dup2 as _dup2
from os import fstat as _fstat
from os import lseek as _lseek
from os import open as _open
from os import rmdir as _rmdir
from os import unlink as _unlink
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from weakref import WeakSet

from booking.instrument.files.resources import content_of_fd, is_regular, lock_of_fd, unique
from booking.instrument.seam import Dismissed, Hangs, Seam, Touch

if TYPE_CHECKING:
    from booking.instrument.files.opening import SteppedFile

T = TypeVar("T")
SHOWN_MAX = 60  # characters of a content
_flock, _lockf = fcntl.flock, fcntl.lockf
KEPT_FLAGS = os.O_ACCMODE | os.O_APPEND | os.O_CLOEXEC


class Files:
    """The files of one process, as steps."""

    def __init__(self, seam: Seam) -> None:
        self.seam = seam
        self.opened: dict[int, str] = {}  # descriptor → the path that it was opened by
        self.flocks: dict[int, int] = {}  # descriptor → LOCK_SH or LOCK_EX
        self.records: dict[int, str] = {}  # descriptor of a record lock → its path
        self.made: dict[str, bool] = {}  # entry that this purchase made → whether it is a folder
        self.handles: WeakSet[SteppedFile] = WeakSet()
        self.held: dict[object, tuple[str, Callable[[], object]]] = {}  # other locks, to let go
        self.real_release: Callable[[Any], object] = lambda _: None  # of filelock
        seam.at_each_end.append(self.end)
        os.register_at_fork(after_in_child=self.reopen)

    def step(
        self,
        action: str,
        text: str,
        touches: Callable[[], Sequence[Touch]],
        effect: Callable[[], T],
        **how: Any,
    ) -> T:
        """Carry out an effect as a step; one that failed has changed nothing."""
        failed = False

        def run() -> T:
            nonlocal failed
            failed = False
            try:
                return effect()
            except OSError:
                failed = True
                raise

        def touched() -> tuple[Touch, ...]:
            with self.seam.inside():
                found = unique(touches())
            if failed and not how.get("partial"):
                return unique(Touch(one.resource, writes=False) for one in found)
            return found

        result = self.seam.perform(action, text, touched, run, **how)
        announced = self.seam.announced
        kinds = ("name ", "content ", "?")
        self.seam.committed |= announced is not None and any(
            one.writes and one.resource.startswith(kinds) for one in announced.touches
        )
        return result

    def content(self, fd: int, *, writes: bool) -> list[Touch]:
        """Return the content of an open file."""
        return content_of_fd(fd, self.opened.get(fd), writes=writes)

    def lock(self, fd: int, *, writes: bool = True) -> list[Touch]:
        """Return the lock of an open file."""
        return lock_of_fd(fd, self.opened.get(fd), writes=writes)

    def shown(self, fd: int) -> str:
        """Return the name of an open file, for people."""
        return os.path.basename(self.opened.get(fd, f"descriptor {fd}"))  # noqa: PTH119

    def made_entry(self, entry: str, *, folder: bool = False) -> None:
        """Take note of an entry that was not there before."""
        self.made[entry] = folder

    # Locks.

    def holds_a_lock(self, fd: int) -> bool:
        """Return whether closing a descriptor gives a lock back.

        Record locks of a process end with the first descriptor of the file that it closes.
        """
        return fd in self.flocks or (
            bool(self.records) and self.opened.get(fd) in self.records.values()
        )

    def close(self, fd: int, effect: Callable[[], object]) -> None:
        """Close a descriptor: a step where that gives a lock back."""
        if not self.seam.active or self.seam.dismissed or not self.holds_a_lock(fd):
            effect()
            return
        touches = self.lock(fd)
        try:
            self.step(
                "unlock", f"close {self.shown(fd)}, which unlocks it", lambda: touches, effect
            )
        except Dismissed:
            effect()  # it is not closed again, so it would stay locked
            raise

    def forget(self, fd: int) -> None:
        """Forget a descriptor that is closed."""
        path = self.opened.pop(fd, None)
        self.flocks.pop(fd, None)
        self.records = {at: one for at, one in self.records.items() if at != fd and one != path}

    def hang(self, what: str) -> NoReturn:
        """End this purchase: it waits for a lock that no other buyer will give back."""
        self.seam.dismissed = True  # what it would do next is never done
        raise Hangs(what)

    # The end of a purchase.

    def end(self) -> None:
        """Undo what a dismissed purchase did, and doubt what another one left open."""
        for handle in list(self.handles):
            if handle.drop_buffer() and not self.seam.dismissed:
                self._doubt(f"left {handle.name} open, with text that was not written")
        self._let_go()
        if self.seam.dismissed:
            for entry, folder in reversed(self.made.items()):
                with suppress(OSError):
                    (_rmdir if folder else _unlink)(entry)
        self.made.clear()

    def _let_go(self) -> None:
        kept = [self.shown(fd) for fd in {**self.flocks, **self.records}]
        kept += [name for name, _ in self.held.values()]
        if not self.seam.dismissed:
            for name in kept:
                self._doubt(f"kept the lock of {name} when it ended")
        for fd in self.flocks:
            with suppress(OSError):
                _flock(fd, fcntl.LOCK_UN)
        for fd in self.records:
            with suppress(OSError):
                _lockf(fd, fcntl.LOCK_UN)
        for _, release in list(self.held.values()):
            with suppress(Exception):  # the library's own errors
                release()
        self.flocks.clear()
        self.records.clear()
        self.held.clear()

    def _doubt(self, what: str) -> None:
        self.seam.doubts.append(f"the purchase: {what}")

    # What was open before the buyers were forked.

    def flush(self) -> None:
        """Write what open files have buffered: each buyer would write it otherwise."""
        for handle in list(self.handles):
            handle.flush_all()

    def reopen(self) -> None:
        """Open anew what was open before a fork: else buyers share its lock and its position."""
        for fd, path in list(self.opened.items()):
            if not is_regular(fd):
                continue
            try:
                mine = _open(path, fcntl.fcntl(fd, fcntl.F_GETFL) & KEPT_FLAGS | os.O_CLOEXEC)
            except OSError:
                self._shared(path)
                continue
            try:
                if _identity(mine) != _identity(fd):
                    self._shared(path)
                    continue
                _lseek(mine, _lseek(fd, 0, os.SEEK_CUR), os.SEEK_SET)
                _dup2(mine, fd, inheritable=False)
            finally:
                _close(mine)

    def _shared(self, path: str) -> None:
        self.seam.standing.append(f"the buyers share one open file that was {path}")


def ensure_not_dismissed(seam: Seam) -> None:
    """End a purchase that is over, at its next effect."""
    if seam.dismissed:
        raise Dismissed


def told(data: Any) -> str:
    """Return a content for people, and for the comparison of executions."""
    if data is None:
        return "nothing"
    text = bytes(data).decode(errors="replace").strip()
    if len(text) <= SHOWN_MAX:
        return text or "empty"
    return f"{text[:SHOWN_MAX]}… {len(data)} bytes, {hash_of(data)}"


def hash_of(data: Any) -> str:
    """Return a short hash: it shows that two long contents differ."""
    import hashlib

    return hashlib.blake2b(bytes(data), digest_size=4).hexdigest()


def _identity(fd: int) -> tuple[int, int]:
    found = _fstat(fd)
    return found.st_dev, found.st_ino
