"""A resource of one process: opened lazily, dropped by pickling, never shared by a fork."""

from __future__ import annotations

import gc
import os
import pickle

import pytest

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


class Farewell:
    """A client that writes a letter when it is collected, as some drivers do."""

    def __init__(self, letters: int) -> None:
        self.letters = letters

    def __del__(self) -> None:
        os.write(self.letters, b"x")


class Session(PerProcess[Farewell]):
    """A connection, and a cursor that belongs to it."""

    unpicklable = ("cursor",)

    def __init__(self, letters: int) -> None:
        self.letters = letters
        self.cursor: Farewell | None = None

    def open_own(self) -> Farewell:
        return Farewell(self.letters)

    def close_own(self, own: Farewell) -> None:
        if self.cursor is not None:
            raise OSError("the server is gone")


def test_all_that_a_fork_inherits_is_kept_alive() -> None:
    """The resource and what belongs to it: neither says goodbye on the parent's connection."""
    read, write = os.pipe()
    session = Session(write)
    session.own()
    session.cursor = Farewell(write)
    pid = os.fork()
    if pid == 0:
        session.disown()
        del session
        gc.collect()
        os._exit(0)
    os.waitpid(pid, 0)
    os.write(write, b".")
    assert os.read(read, 9) == b"."
    session.cursor = None
    session.release_own()
    del session
    os.close(read)
    os.close(write)


def test_a_close_that_fails_forgets_the_resource_all_the_same() -> None:
    """`close_own` still sees the attributes that belong to it; the next `own()` opens anew."""
    read, write = os.pipe()
    session = Session(write)
    first = session.own()
    session.cursor = first
    with pytest.raises(OSError, match="the server is gone"):
        session.release_own()
    assert session.cursor is None
    assert not session.owns()
    assert session.own() is not first
    session.release_own()
    del first, session
    os.close(read)
    os.close(write)
