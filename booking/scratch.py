"""Private folders for one sale: made, removed, and swept up after a harness that was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from booking.pids import alive

PREFIX = "booking-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a new folder for the block, gone afterwards whatever happens."""
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(tmp: Path) -> None:
    """Remove the folders of harnesses that died by SIGKILL and could not."""
    for folder in tmp.glob(f"{PREFIX}[0-9]*-*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        with suppress(OSError):
            if pid.isdigit() and not alive(int(pid)) and folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)
