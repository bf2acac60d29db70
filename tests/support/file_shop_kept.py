"""Purchase functions whose module keeps something that all buyers share."""

from __future__ import annotations

import multiprocessing
import tempfile
from typing import Any

from tests.support.file_shop import filelocked, left, setup

__all__ = ["left", "setup"]
counter: Any = multiprocessing.get_context("fork").Value("i", 0)
removed = tempfile.TemporaryFile("w+")  # noqa: SIM115 - kept open


def counts_in_shared_memory() -> bool:
    with counter.get_lock():
        counter.value += 1
    return filelocked()


def shares_a_removed_file() -> bool:
    removed.seek(0)
    removed.write("sold\n")
    removed.flush()
    return filelocked()
