"""Private folders for one sale: made, removed, and swept after a harness that was killed."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from booking.system.clean_up import CleanUp
from booking.system.processes import alive
from booking.system.signals import signals_blocked

PREFIX = "booking-"
MEMORY_FOLDER = Path("/dev/shm")


@contextmanager
def scratch_folder(*, quick: bool = False) -> Iterator[Path]:
    """Make a new folder for the block, and remove it afterwards.

    `quick` puts it into memory, where the system has a file system for that. It serves
    thousands of small sales of which no byte has to last.
    """
    with signals_blocked():  # the first call makes a file, to try the folder, and removes it
        parent = Path(tempfile.gettempdir())
    if quick and os.access(MEMORY_FOLDER, os.W_OK | os.X_OK):
        parent = MEMORY_FOLDER
    sweep(parent)
    folder, clean_up = make_folder(parent)
    try:
        yield folder
    finally:
        clean_up.settle()


def make_folder(parent: Path) -> tuple[Path, CleanUp]:
    """Make a new folder whose removal is due before a signal can come in between."""
    while True:
        folder = parent.absolute() / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        clean_up = CleanUp(partial(_remove, folder))
        try:
            folder.mkdir(mode=0o700)
            return folder, clean_up
        except FileExistsError:
            clean_up.forget()  # another program's
        except BaseException:
            clean_up.settle()
            raise


def sweep(parent: Path) -> None:
    """Remove the folders of harnesses that SIGKILL kept from removing them."""
    folders: list[Path] = []
    with suppress(OSError):
        folders += parent.glob(f"{PREFIX}[0-9]*-*")
    for folder in folders:
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        with suppress(OSError):
            ours = os.getuid() in {0, folder.stat().st_uid}  # root's servers run as user `nobody`
            if pid.isdigit() and not alive(int(pid)) and ours:
                _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder as far as the system permits; some errors are not ignored by `rmtree`."""
    with suppress(OSError):
        shutil.rmtree(folder, ignore_errors=True)
