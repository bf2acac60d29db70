"""A resource of one process: opened lazily, dropped by pickling, never shared by a fork."""

from __future__ import annotations

import os
import pickle

from booking.core.per_process import PerProcess


class Descriptor(PerProcess[int]):
    """Opens the null device."""

    unpicklable = ("note",)

    def __init__(self) -> None:
        self.note: str | None = None
        self.closed: list[int] = []

    def open_own(self) -> int:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def close_own(self, own: int) -> None:
        os.close(own)
        self.closed.append(own)


def test_it_is_opened_once_and_closed_once() -> None:
    """At first use, and not again."""
    holder = Descriptor()
    assert not holder.owns()
    first = holder.own()
    assert holder.own() == first
    holder.release_own()
    holder.release_own()
    assert holder.closed == [first]


def test_pickling_drops_it() -> None:
    """The copy opens its own."""
    holder = Descriptor()
    holder.own()
    holder.note = "mine"
    copy = pickle.loads(pickle.dumps(holder))
    assert not copy.owns()
    assert copy.note is None
    assert holder.owns()
    holder.release_own()


def test_a_fork_opens_its_own_and_leaves_the_parents_alone() -> None:
    """Closing an inherited one would end the parent's."""
    holder = Descriptor()
    parents = holder.own()
    pid = os.fork()
    if pid == 0:
        inherited_is_unused = not holder.owns() and holder.own() != parents
        holder.release_own()
        still_open = os.fstat(parents) is not None
        os._exit(0 if inherited_is_unused and still_open and parents not in holder.closed else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert holder.own() == parents
    holder.release_own()
