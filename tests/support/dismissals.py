"""Dismiss a purchase before each of its steps; print what it changed behind that, as JSON.

`python -m tests.support.dismissals [MUTANT]`, in an empty folder.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from booking.core.steps import drive
from booking.instrument.files.interceptor import FilesInterceptor
from booking.instrument.seam import Announcement, Dismissed, Seam
from tests.support.shop_modules import module_of

PURCHASES = (
    "flocked", "flocked_in_place", "flocked_by_a_handle", "record_locked", "filelocked",
    "soft_locked", "process_locked", "marked", "marked_by_a_folder", "looks_and_locks",
    "looks_and_marks", "locked_by_a_copy", "never_dismissed", "replaced_by_tempfile",
)  # fmt: skip
LASTING = ("data.json", "ledger.log")


def contents() -> dict[str, str]:
    """Return what lasts, by name."""
    return {name: Path(name).read_text() for name in LASTING if Path(name).exists()}


class _Link:
    """Let a purchase take a number of steps, and dismiss it before the next one."""

    def __init__(self, seam: Seam, steps: int) -> None:
        self.seam, self.left = seam, steps
        self.before: dict[str, str] = {}

    def hold(self, announcement: Announcement) -> None:
        self.left -= 1
        if self.left < 0:
            with self.seam.inside():
                self.before = contents()
            self.seam.dismissed = True
            raise Dismissed

    def refuse(self, *, effect: bool, sleeps: bool) -> None:
        self.left = -1
        self.hold(Announcement("", "", (), ""))


def dismissed(seam: Seam, shop: Any, name: str, steps: int) -> list[str] | None:
    """Return what is wrong behind a dismissal; None where the purchase came to its end."""
    seam.dismissed = False  # the harness has a process of its own for what comes between
    shop.setup()
    Path("ledger.log").touch()
    names = set(os.listdir())
    link = _Link(seam, steps)
    seam.begin(link)
    with suppress(Dismissed):
        getattr(import_module(module_of(name, "file_shop")), name)()
    seam.end()
    if not seam.dismissed:
        return None
    wrong = [] if contents() == link.before else [f"{link.before} became {contents()}"]
    kept = {one for one in os.listdir() if not one.endswith(".lock") or one.startswith("s")}
    wrong += [f"left {one}" for one in sorted(kept - names - {"shop.lock", *LASTING})]
    return wrong + held(shop)


def held(shop: Any) -> list[str]:
    """Return each lock that another process cannot take now; a child asks for it."""
    wrong: list[str] = []
    if not shop.process_lock.acquire(False):
        return ["the lock of multiprocessing is held"]
    shop.process_lock.release()
    pid = os.fork()
    if pid == 0:
        try:
            for name in ("shop.lock", "data.json", "handle.lock"):
                with open(name, "a") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        wrong.append("the lock of a file is held")
    return wrong


def main() -> None:
    seam = Seam()
    FilesInterceptor().install(seam)
    from tests.support import file_mutants, file_shop

    if sys.argv[1:]:
        getattr(file_mutants, sys.argv[1])()
    drive(seam)
    print(json.dumps(first_problem(seam, file_shop)))


def first_problem(seam: Seam, shop: Any) -> dict[str, list[str]]:
    """Return the steps of each purchase before which it was dismissed; or what was wrong."""
    steps: dict[str, list[str]] = {}
    for name in PURCHASES:
        steps[name] = []
        while (wrong := dismissed(seam, shop, name, len(steps[name]))) is not None:
            if wrong:
                return {"wrong": [f"{name} before step {len(steps[name])}: {one}" for one in wrong]}
            steps[name].append(str(len(steps[name])))
    return steps


if __name__ == "__main__":
    main()
