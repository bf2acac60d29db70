"""The permit to use an inventory: a run has it alone, and purchases by hand have it together.

A second run would spoil the result of the first. A reset would be lost in it, or lose it. A
purchase by hand joins a run that takes the same lock, and leaves a note; otherwise it is refused.

Beside a file the permit is two markers that are locked (flock(2)). `.data.json.sale` belongs to the
run, `.data.json.buy` to purchases by hand. A lock ends with its process, however that ends. So a
marker that is left behind keeps no one out, and a process number in it is only shown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import uniform
from typing import Literal, TypeVar

import msgspec

from booking.core.base_classes import hooks, inventory_path
from booking.core.protocols import Store
from booking.errors import InUseError, InventoryError
from booking.system.descriptors import close_quietly
from booking.system.file_attributes import give, writers_of
from booking.system.file_lock import is_at, remove_unlocked
from booking.system.processes import alive

BRIEF_S = 2.0  # how long to wait for a use that is brief: a reset, a purchase by hand
PROBE_S = 0.05  # how long another process may hold a marker only to see whether it is held
POLL_S = 0.005
RECORD_BYTES_MAX = 4096
NOTES_BYTES_MAX = 1 << 20

T = TypeVar("T")
Kind = Literal["sale", "buy"]
KINDS: tuple[Kind, ...] = ("sale", "buy")


class Use(msgspec.Struct, omit_defaults=True, frozen=True):
    """What a process does with an inventory, as others are told; `lock`: what its buyers take."""

    what: str = "another sale"
    lock: str | None = None
    brief: bool = False
    pid: int = 0

    def admits(self, other: Use) -> bool:
        """Return whether the buyers of both take the same lock, and so exclude each other."""
        return self.lock is not None and self.lock == other.lock

    @property
    def passes(self) -> bool:
        """Whether waiting helps: it is brief, or its process is dead and others look for that."""
        return self.brief or not alive(self.pid)

    @property
    def shown(self) -> str:
        """The use in a sentence, as its subject."""
        return f"{self.what} is running on it" + (f" (process {self.pid})" if self.pid else "")


SALE = Use()
BEGINNING = Use(brief=True)  # has not written yet what it is


class Note(msgspec.Struct, omit_defaults=True, frozen=True):
    """What happened to an inventory during a run that no buyer of the run did, or may have done.

    `bought`: a purchase by hand joined. `text`: a buyer saw a change from outside. `count`:
    between `ns` and `until_ns` a buyer replaced this count, and had not read it.
    """

    bought: int | None = None
    pid: int = 0
    text: str | None = None
    count: int | None = None
    ns: int = 0
    until_ns: int = 0


class Permit:
    """The permit of a run: the notes that others left meanwhile; none where no file holds it."""

    def settle(self) -> None:
        """Wait until purchases that joined have ended; admit no more."""

    def notes(self) -> list[Note]:
        """Return the notes, in the order in which they were left."""
        return []


@contextmanager
def run_lock(store: Store, location: str, use: Use = SALE, wait_s: float = 0.0) -> Iterator[Permit]:
    """Hold the inventory for one run; a private inventory, without a location, needs no permit.

    `wait_s` is how long to wait for another run; for what is brief each run waits. A file is
    locked by its markers, any other inventory by the store's own means. Inside the block the same
    process has the permit already.
    """
    path = inventory_path(store)
    name = f"{type(store).__qualname__}:{location}" if path is None else str(path)
    if not location or name in _permits:
        yield _permits.get(name, Permit())
        return
    with ExitStack() as stack:
        permit = Permit()
        if path is not None and path.parent.is_dir():
            permit = stack.enter_context(file_run_lock(path, use, wait_s))
        else:
            _reserve(store, stack, max(wait_s, BRIEF_S if use.brief else 0.0))
        _permits[name] = permit
        stack.callback(_permits.pop, name)
        yield permit


@contextmanager
def file_run_lock(inventory: Path, use: Use = SALE, wait_s: float = 0.0) -> Iterator[Permit]:
    """Hold a file for one run; raise `InUseError` where another process uses it."""
    with ExitStack() as stack:
        marker = stack.enter_context(_Marker(inventory, "sale", "alone", wait_s))
        marker.write(msgspec.structs.replace(use, pid=os.getpid()))
        with _Marker(inventory, "buy", "alone"):
            pass  # no purchase is under way; from now on each sees the record
        yield _FilePermit(inventory, marker, stack)


@contextmanager
def purchase_permit(store: Store, location: str, use: Use, quantity: int) -> Iterator[None]:
    """Hold a file for one purchase by hand, beside others and beside a run with the same lock."""
    path = inventory_path(store)
    if not location or path is None or not path.parent.is_dir():
        yield
        return
    use = msgspec.structs.replace(use, pid=os.getpid())
    with ExitStack() as stack:
        run = _joined(path, use, stack)
        if run is not None:
            leave_note(path, Note(bought=quantity, pid=use.pid))
        yield


def _joined(path: Path, use: Use, stack: ExitStack) -> Use | None:
    """Hold the marker of purchases beside a run that admits this one, or beside none."""
    deadline_s = time.monotonic() + BRIEF_S
    while True:
        marker = stack.enter_context(_Marker(path, "buy", "together"))
        run = _running(path)
        if run is None or run.admits(use):
            marker.write(msgspec.structs.replace(use, pid=0))  # there may be several
            return run
        stack.close()  # a run that begins waits for purchases, so no purchase waits for it here
        if not run.passes or time.monotonic() > deadline_s:
            raise in_use(str(path), run)
        time.sleep(POLL_S)


def leave_note(inventory: Path, note: Note) -> bool:
    """Add a note to the marker of the run under way; return False where there is none."""
    try:
        fd = os.open(marker_path(inventory, "sale"), _APPEND)
    except OSError:
        return False
    try:
        os.write(fd, msgspec.json.encode(note) + b"\n")
    except OSError:
        return False
    finally:
        close_quietly(fd)
    return True


def marker_path(inventory: Path, kind: Kind) -> Path:
    """Return the path of a marker: beside the inventory."""
    return inventory.with_name(f".{inventory.name}.{kind}")


def in_use(inventory: str, use: Use = SALE) -> InUseError:
    """Return the error for a process that comes second."""
    return InUseError(f"{inventory}: {use.shown}; wait for it")


_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_permits: dict[str, Permit] = {}  # that this process has, by inventory
_held: set[int] = set()  # descriptors of locked markers, of this process


def _forget_inherited() -> None:
    """Leave the markers to the parent; the descriptors stay open.

    So a killed sale holds its permit until its last buyer is dead: until then one may still write.
    """
    _permits.clear()
    _held.clear()


os.register_at_fork(after_in_child=_forget_inherited)


@dataclass(slots=True)
class _FilePermit(Permit):
    inventory: Path
    marker: _Marker
    held: ExitStack

    def settle(self) -> None:
        with suppress(InUseError):  # it goes on: its note is there, and says enough
            self.held.enter_context(_Marker(self.inventory, "buy", "alone"))

    def notes(self) -> list[Note]:
        return self.marker.notes()


class _Marker:
    """A marker file, locked for the block, alone or together with others; removed by the last."""

    def __init__(
        self, inventory: Path, kind: Kind, how: Literal["alone", "together"],
        wait_s: float = 0.0,
    ) -> None:  # fmt: skip
        self._inventory, self._path = inventory, marker_path(inventory, kind)
        self._alone = how == "alone"
        self._wait_s = wait_s
        self._fd: int | None = None

    def __enter__(self) -> _Marker:
        begun_s = time.monotonic()
        while True:
            fd = self._open()
            if self._locks(fd):
                # The holder before may have removed the file between our open and our lock.
                if is_at(fd, self._path):
                    self._fd = fd
                    _held.add(fd)
                    return self
                close_quietly(fd)
                continue
            holder = _record(fd)
            close_quietly(fd)
            if time.monotonic() - begun_s > self._patience_s(holder):
                raise in_use(str(self._inventory), holder or SALE)
            time.sleep(POLL_S)

    def __exit__(self, *_error: object) -> None:
        if self._fd is None or self._fd not in _held:
            return
        # An error of the system here must not lose the answer: what was sold is sold.
        with suppress(OSError):
            # Of those who hold it together the last one gets it alone, and removes it.
            if (self._alone or _lock(self._fd, alone=True)) and is_at(self._fd, self._path):
                self._path.unlink()
        _held.discard(self._fd)
        _unlock(self._fd)  # not by closing alone: a process that a buyer left has it open, too
        close_quietly(self._fd)
        self._fd = None

    def write(self, use: Use) -> None:
        """Record who holds the marker, for those that are refused; drop what it held before."""
        if self._fd is not None:
            with suppress(OSError):  # on a full disk others are refused without a name
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, msgspec.json.encode(use) + b"\n", 0)

    def notes(self) -> list[Note]:
        """Return the notes that others added behind the record."""
        if self._fd is None:
            return []
        lines = os.pread(self._fd, NOTES_BYTES_MAX, 0).split(b"\n")[1:]
        return [note for line in lines if (note := _decoded(line, Note)) is not None]

    def _open(self) -> int:
        try:
            fd = os.open(self._path, _OPEN, 0o600)
            if (
                os.fstat(fd).st_uid == os.geteuid()
            ):  # where this one is killed, another user goes on
                give(fd, writers_of(str(self._inventory)))
            return fd
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
            raise InventoryError(f"{self._path.parent}: {problem}; a sale writes there") from None

    def _locks(self, fd: int) -> bool:
        try:
            return _lock(fd, alone=self._alone)
        except BaseException:
            close_quietly(fd)
            raise

    def _patience_s(self, holder: Use | None) -> float:
        return max(self._wait_s, BRIEF_S if holder is None or holder.passes else PROBE_S)


def _running(inventory: Path) -> Use | None:
    """Return the run that holds an inventory; remove the marker of one that was killed."""
    path = marker_path(inventory, "sale")
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise InventoryError(f"{path}: {problem}; it tells of a sale on the inventory") from None
    try:
        # Shared, so that purchases that look at the same time do not take each other for a run.
        if not _lock(fd, alone=False):
            return _record(fd) or BEGINNING
        if is_at(fd, path):
            with suppress(OSError):
                path.unlink()
        return None
    finally:
        close_quietly(fd)


def sweep_marker(inventory: Path) -> None:
    """Remove the markers of a run and of a purchase that were killed; those that are held stay."""
    for kind in KINDS:
        with suppress(OSError):
            remove_unlocked(os.fspath(marker_path(inventory, kind)))


def _lock(fd: int, *, alone: bool) -> bool:
    """Lock an open marker if that is possible at once; a system without such locks always can."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(fd, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlock(fd: int) -> None:
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_UN)


def _record(fd: int) -> Use | None:
    """Return who holds a marker, as its first line says; None before it is written."""
    return _decoded(os.pread(fd, RECORD_BYTES_MAX, 0).split(b"\n")[0], Use)


def _decoded(line: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError:
        return None


def _reserve(store: Store, stack: ExitStack, wait_s: float) -> None:
    """Enter the store's own reservation; wait so long for another process that has it."""
    deadline_s = time.monotonic() + wait_s
    while True:
        try:
            stack.enter_context(hooks(store).reserved())
        except InUseError:
            if time.monotonic() >= deadline_s:
                raise
        else:
            return
        time.sleep(uniform(POLL_S, 10 * POLL_S))  # two that come together shall not go on so
