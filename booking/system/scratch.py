"""Private folders for one sale: made, removed, and swept up after a harness that was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from booking.system.processes import alive

PREFIX = "booking-"
_MEMORY = Path("/dev/shm")


@contextmanager
def scratch_folder(*, quick: bool = False) -> Iterator[Path]:
    """Give a new folder for the block, gone afterwards whatever happens.

    `quick`: where files live in memory, on systems that have such a place; for thousands of
    small sales of which no byte has to last.
    """
    where = Path(tempfile.gettempdir())
    if quick and os.access(_MEMORY, os.W_OK | os.X_OK):
        where = _MEMORY
    sweep(where)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=where))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(tmp: Path) -> None:
    """Remove the folders of harnesses that died by SIGKILL and could not."""
    for folder in tmp.glob(f"{PREFIX}[0-9]*-*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        with suppress(OSError):
            ours = os.getuid() in {0, folder.stat().st_uid}  # root's servers may be nobody's
            if pid.isdigit() and not alive(int(pid)) and ours:
                shutil.rmtree(folder, ignore_errors=True)
