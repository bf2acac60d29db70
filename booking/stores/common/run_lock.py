"""The lock that one run of a sale holds on its inventory: a second run would spoil its result."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from booking.core.base_classes import hooks, inventory_path
from booking.core.protocols import Store
from booking.errors import InventoryError
from booking.system.file_attributes import give, writers_of
from booking.system.file_lock import remove_unlocked


def run_lock(store: Store, location: str) -> AbstractContextManager[None]:
    """Hold the inventory for one run of a sale; a private inventory needs no lock.

    A file is locked by a marker beside it, any other inventory by the store's own means.
    """
    if not location:
        return nullcontext()
    path = inventory_path(store)
    if path is not None and path.parent.is_dir():
        return file_run_lock(path)
    return hooks(store).reserved()


@contextmanager
def file_run_lock(inventory: Path) -> Iterator[None]:
    """Hold a file for one run of a sale; raise `InventoryError` where another run holds it."""
    marker = inventory.with_name(f".{inventory.name}.sale")
    fd = _lock(marker, inventory)
    try:
        yield
    finally:
        with suppress(OSError):
            marker.unlink()
        if fd is not None:
            os.close(fd)


def sweep_marker(inventory: Path) -> None:
    """Remove the marker of a run that was killed; one that is held stays."""
    with suppress(OSError):
        remove_unlocked(os.fspath(inventory.with_name(f".{inventory.name}.sale")))


def already_running(inventory: str) -> InventoryError:
    """Return the error for the second run."""
    return InventoryError(f"{inventory}: another sale is running on it; wait for it")


def _lock(marker: Path, inventory: Path) -> int | None:
    try:
        import fcntl
    except ImportError:
        return None  # this system has no such lock: two runs are not kept apart
    while True:
        try:
            fd = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
            raise InventoryError(f"{inventory.parent}: {problem}; a sale writes there") from None
        if os.fstat(fd).st_uid == os.geteuid():  # where this one is killed, another user goes on
            give(fd, writers_of(str(inventory)))
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise already_running(str(inventory)) from None
        # The holder before may have removed the file between our open and our lock.
        if marker.exists() and marker.stat().st_ino == os.fstat(fd).st_ino:
            return fd
        os.close(fd)
