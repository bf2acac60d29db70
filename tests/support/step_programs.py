"""A guard that takes the steps of a program: reads and writes of shared files, for each buyer.

`use` sets the programs, in this process; a step is a file's name and whether it is written.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from booking import Order, Place, Reply, saw, step

Program = Sequence[tuple[str, bool]]
FILES = "xyz"
_programs: list[Program] = []


def use(programs: Sequence[Program]) -> None:
    """Set the program of each buyer."""
    _programs[:] = programs


class Files:
    """Files with one digit each; the count is in another one, and stays."""

    def __init__(self, place: Place) -> None:
        self.folder = place.scratch

    def reset(self, tickets: int) -> None:
        for name in FILES:
            (self.folder / name).write_text("0")
        (self.folder / "count").write_text(str(tickets))

    def read(self) -> int:
        return int((self.folder / "count").read_text())

    def write(self, remaining: int) -> None:
        (self.folder / "count").write_text(str(remaining))

    def close(self) -> None: ...


class Steps:
    """The order is its program; the ticket says what was read."""

    numbers = "none"

    def __init__(self, kit: object) -> None: ...

    def sell(self, store: Files, order: Order) -> Reply:
        seen = ""
        for name, writes in _programs[order.buyer]:
            path = store.folder / name
            if writes:
                step("write", name, order.buyer + 1)
                fd = os.open(path, os.O_WRONLY)
                os.pwrite(fd, str(order.buyer + 1).encode(), 0)
                os.close(fd)
            else:
                step("read", name)
                saw(int(digit := path.read_text()))
                seen += digit
        return Reply("ok", ticket=f"{order.buyer}-{seen}")
