"""Other users of this machine: work that one of them does, and a folder that all may enter."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as other users")
ANNA, BEN, CARL, TEAM = 60001, 60002, 60003, 60010  # the system knows nothing of them


def as_user(user: int, groups: list[int], work: Callable[[], object]) -> str:
    """Do the work in a fork as another user; return its error in a line, empty where none."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            os.setgroups(groups)
            os.setgid(user)
            os.setuid(user)
            work()
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as said:
        return said.read()


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder to which every user has a way: that of pytest is closed to others."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def team_folder() -> Iterator[Path]:
    """Make a folder of a group, with Anna's inventory in it, which the group may write."""
    with open_folder() as folder:
        team = folder / "team"
        team.mkdir()
        os.chown(team, ANNA, TEAM)
        team.chmod(0o2775)
        inventory = team / "data.json"
        inventory.write_text('{"ticket_num": 50}\n')
        os.chown(inventory, ANNA, TEAM)
        inventory.chmod(0o664)
        yield inventory
