"""One sale at a time on an inventory that has a place: two would be blamed for each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from booking.core.bases import hooks, inventory_path
from booking.core.protocols import Store
from booking.errors import InventoryError


def sale_permit(store: Store, location: str) -> AbstractContextManager[None]:
    """Hold the right to run a sale on an inventory that others may find; a private one needs none.

    A file is reserved by a marker beside it, what is elsewhere by whatever the store has for that.
    """
    if not location:
        return nullcontext()
    path = inventory_path(store)
    if path is not None and path.parent.is_dir():
        return file_permit(path)
    return hooks(store).reserved()


@contextmanager
def file_permit(inventory: Path) -> Iterator[None]:
    """Hold the right to run a sale on a file, or say that somebody else has it."""
    marker = inventory.with_name(f".{inventory.name}.sale")
    fd = _take(marker, inventory)
    try:
        yield
    finally:
        with suppress(OSError):
            marker.unlink()
        if fd is not None:
            os.close(fd)


def _take(marker: Path, inventory: Path) -> int | None:
    try:
        import fcntl
    except ImportError:
        return None  # no such lock on this system: nothing is promised there
    while True:
        try:
            fd = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
            raise InventoryError(f"{inventory.parent}: {problem}; a sale writes there") from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise another(str(inventory)) from None
        # Whoever had it before may have removed the file between our open and our lock.
        if marker.exists() and marker.stat().st_ino == os.fstat(fd).st_ino:
            return fd
        os.close(fd)


def another(inventory: str) -> InventoryError:
    """Give what whoever comes second is told."""
    return InventoryError(f"{inventory}: another sale is running on it; wait for it")
