"""The interceptor of files: all that is replaced, and put back."""

from __future__ import annotations

import sys
from typing import Any

from booking.instrument.files import (
    descriptors,
    library_lock,
    locks,
    names,
    opening,
    semaphores,
    unseen,
)
from booking.instrument.files.bindings import Bindings
from booking.instrument.files.session import Files
from booking.instrument.seam import Dismissed, Seam


class FilesInterceptor:
    """Announce what is done to files, to their names, and to locks between processes."""

    library = "io"
    covers = (
        "open, and each read and write of the file below the buffer",
        "os: open, read, write, replace, rename, link, symlink, mkdir, unlink, stat, listdir …",
        "fcntl.flock, fcntl.lockf", "filelock", "multiprocessing: Lock, RLock, Semaphore …",
    )  # fmt: skip

    def install(self, seam: Seam) -> None:
        """Replace the functions of the standard library, also where they are bound already."""
        self._patches = Bindings()
        self._files = Files(seam)
        for part in (library_lock, semaphores, opening, names, descriptors, locks, unseen):
            part.install(self._files, self._patches)
        self._patches.rebind()
        self._hook = sys.unraisablehook
        sys.unraisablehook = self._unraisable

    def _unraisable(self, args: Any) -> None:
        """Keep silent about a dismissal where Python closes a file by itself."""
        dismissal = args.exc_type is not None and issubclass(args.exc_type, Dismissed)
        if not dismissal and not self._files.seam.dismissed:
            self._hook(args)

    def remove(self) -> None:
        """Put everything back."""
        sys.unraisablehook = self._hook
        self._patches.remove()

    def disconnect(self) -> None:
        """Write what is buffered: a buyer opens anew what is open when it is forked."""
        self._files.flush()
