"""Stores in files and in memory: one effect dropped, cached, rounded, torn, or done elsewhere."""

from __future__ import annotations

import json
import mmap
import os
import time
from pathlib import Path
from typing import ClassVar

from booking.core.protocols import Place
from booking.core.steps import saw, step
from booking.stores.json_inplace import JsonInplaceStore
from booking.stores.json_replaced import JsonStore
from booking.stores.memory_shared import MemorySharedStore
from tests.support.unheard import unheard


class TextStore:
    """A number in a text file, replaced whole: the sound store of a user."""

    shared = True
    resource = "shop.txt"

    def __init__(self, place: Place) -> None:
        self.path: Path = place.scratch / self.resource

    def reset(self, tickets: int) -> None:
        self.path.write_text(str(tickets))

    def read(self) -> int:
        step("read", self.resource)
        count = int(self.path.read_text())
        saw(count)
        return count

    def write(self, remaining: int) -> None:
        fresh = self.path.with_name(f"shop-{os.getpid()}-{id(self)}.tmp")
        fresh.write_text(str(remaining))
        step("replace", self.resource, remaining)
        fresh.replace(self.path)

    def close(self) -> None: ...


# Changes of what is written.


class DropsLastWrite(JsonStore):
    """Never writes a zero."""

    def write(self, remaining: int) -> None:
        if remaining:
            super().write(remaining)


class DropsWrites(JsonStore):
    """Writes nothing while it sells."""

    filled = False

    def reset(self, tickets: int) -> None:
        super().reset(tickets)
        self.filled = True

    def write(self, remaining: int) -> None:
        if not self.filled:
            super().write(remaining)
        else:
            step("replace", self.resource, remaining)


class RoundsDown(TextStore):
    """Writes even counts."""

    def write(self, remaining: int) -> None:
        super().write(remaining // 2 * 2)


class RoundsUp(TextStore):
    """Writes even counts, and finds tickets by it."""

    def write(self, remaining: int) -> None:
        super().write(-(-remaining // 2) * 2)


class NeverEmpty(TextStore):
    """Keeps one ticket at least."""

    def write(self, remaining: int) -> None:
        super().write(max(1, remaining))


class ReadsHigh(TextStore):
    """Reads one ticket more than there is."""

    def read(self) -> int:
        with unheard():
            count = super().read() + 1
        step("read", self.resource)
        saw(count)
        return count


# Caches.


class CachesRead(JsonStore):
    """Reads the file once in each process."""

    count: int | None = None

    def read(self) -> int:
        if self.count is None:
            self.count = super().read()
        else:
            step("read", self.resource)
            saw(self.count)
        return self.count

    def write(self, remaining: int) -> None:
        super().write(remaining)
        self.count = remaining


class CachesShortly(JsonStore):
    """Keeps what it read for a fifth of a second."""

    count = 0
    until_s = 0.0

    def read(self) -> int:
        now_s = time.monotonic()
        if now_s >= self.until_s:
            self.count, self.until_s = super().read(), now_s + 0.2
        else:
            step("read", self.resource)
            saw(self.count)
        return self.count


class InClass(TextStore):
    """Keeps its count in its class, which one process shares."""

    left: ClassVar[int] = 0

    def __init__(self) -> None:
        self.resource = "class"

    def reset(self, tickets: int) -> None:
        type(self).left = tickets

    def read(self) -> int:
        step("read", self.resource)
        saw(self.left)
        return self.left

    def write(self, remaining: int) -> None:
        step("write", self.resource, remaining)
        type(self).left = remaining


_CELLS: dict[str, int] = {}


class InModule(InClass):
    """Keeps its count in a module, which one process shares."""

    def reset(self, tickets: int) -> None:
        _CELLS["left"] = tickets

    def read(self) -> int:
        step("read", "module")
        saw(_CELLS["left"])
        return _CELLS["left"]

    def write(self, remaining: int) -> None:
        step("write", "module", remaining)
        _CELLS["left"] = remaining


class KeyedByPid(TextStore):
    """Writes to a file of the process, and reads it where there is one."""

    def _own(self) -> Path:
        return self.path.with_name(f"shop-{os.getpid()}.txt")

    def reset(self, tickets: int) -> None:
        for own in self.path.parent.glob("shop-*.txt"):
            own.unlink()
        super().reset(tickets)

    def read(self) -> int:
        step("read", self.resource)
        own = self._own()
        count = int((own if own.exists() else self.path).read_text())
        saw(count)
        return count

    def write(self, remaining: int) -> None:
        step("write", self.resource, remaining)
        self._own().write_text(str(remaining))


# Torn.


class TextInplace(TextStore):
    """Truncates, then writes; a reader in between fails by an error of its own."""

    def write(self, remaining: int) -> None:
        step("truncate", self.resource)
        with self.path.open("w") as file:
            step("write", self.resource, remaining)
            file.write(str(remaining))


class JsonErrors(TextInplace):
    """The same with JSON: a reader in between raises what `json` raises."""

    def read(self) -> int:
        step("read", self.resource)
        count = int(json.loads(self.path.read_bytes()))
        saw(count)
        return count


class TearsUnsaid(JsonInplaceStore):
    """States that no reader meets half a file."""

    torn_reads = False


class HastyInplace(TextStore):
    """Truncates and writes under one step."""

    def write(self, remaining: int) -> None:
        step("write", self.resource, remaining)
        self.path.write_text(str(remaining))


class TwoDigits(TextStore):
    """Keeps tens and units in two files, written one after the other."""

    def _files(self) -> tuple[Path, Path]:
        return self.path, self.path.with_name("units.txt")

    def reset(self, tickets: int) -> None:
        for file, digit in zip(self._files(), divmod(tickets, 10), strict=True):
            file.write_text(str(digit))

    def read(self) -> int:
        tens, units = self._files()
        step("read", tens.name)
        high = int(tens.read_text())
        step("read", units.name)
        low = int(units.read_text())
        saw(high * 10 + low)
        return high * 10 + low

    def write(self, remaining: int) -> None:
        for file, digit in zip(self._files(), divmod(remaining, 10), strict=True):
            fresh = file.with_name(f"{file.name}-{os.getpid()}-{id(self)}.tmp")
            fresh.write_text(str(digit))
            step("replace", file.name, digit)
            fresh.replace(file)


# Several effects under one step, for guard `atomic`.


class OneOpenFile(TextStore):
    """Takes a ticket by reading and writing one open file, under one step."""

    def take(self, quantity: int) -> int | None:
        step("take", self.resource)
        fd = os.open(self.path, os.O_RDWR)
        try:
            before = int(os.pread(fd, 20, 0))
            if before >= quantity:
                os.pwrite(fd, b"%-20d" % (before - quantity), 0)
        finally:
            os.close(fd)
        saw(before if before >= quantity else None)
        return before if before >= quantity else None


class MappedFile(TextStore):
    """Takes a ticket in a file that is mapped into memory, under one step."""

    def reset(self, tickets: int) -> None:
        self.path.write_bytes(b"%-20d" % tickets)

    def take(self, quantity: int) -> int | None:
        step("take", self.resource)
        with self.path.open("r+b") as file, mmap.mmap(file.fileno(), 20) as page:
            before = int(page[:])
            if before >= quantity:
                page[:] = b"%-20d" % (before - quantity)
        saw(before if before >= quantity else None)
        return before if before >= quantity else None


class TwoInMemory(MemorySharedStore):
    """Reads and writes the variable under one step; explored alone."""

    def take(self, quantity: int) -> int | None:
        before = self.read()
        if before < quantity:
            return None
        self.write(before - quantity)
        return before


class SilentWrite(TextStore):
    """Announces no write."""

    def write(self, remaining: int) -> None:
        with unheard():
            super().write(remaining)


class SilentRead(TextStore):
    """Announces no read."""

    def read(self) -> int:
        with unheard():
            return super().read()


class ForeignName(TextStore):
    """Announces its reads under another name than its writes."""

    def read(self) -> int:
        step("read", "tickets")
        count = int(self.path.read_text())
        saw(count)
        return count


class LaggingCopy(TextStore):
    """Takes under a lock of its own, and shows a copy that is written afterwards."""

    def _copy(self) -> Path:
        return self.path.with_name("copy.txt")

    def reset(self, tickets: int) -> None:
        super().reset(tickets)
        self._copy().write_text(str(tickets))

    def write(self, remaining: int) -> None:
        super().write(remaining)
        fresh = self.path.with_name(f"copy-{os.getpid()}-{id(self)}.tmp")
        fresh.write_text(str(remaining))
        step("replace", "copy.txt", remaining)
        fresh.replace(self._copy())


class ReadsLaggingCopy(LaggingCopy):
    """Reads the copy where another buyer may have written the file since; unlocked."""

    def read(self) -> int:
        step("read", "copy.txt")
        count = int(self._copy().read_text())
        saw(count)
        return count


# Sound.


class CountsReads(MemorySharedStore):
    """Counts how often it was read, in what its snapshot shows."""

    reads: ClassVar[dict[int, int]] = {}

    def read(self) -> int:
        count = super().read()
        number = self._cell.number
        self.reads[number] = self.reads.get(number, 0) + 1
        return count

    def snapshot(self) -> object:  # type: ignore[override]  # shows more
        return self._cell.remaining, self.reads.get(self._cell.number, 0)


class FillsCache(TextStore):
    """Keeps a cache beside the file that every read fills, and none believes."""

    def read(self) -> int:
        count = super().read()
        with unheard():
            self.path.with_name("cache.txt").write_text(str(count))
        return count
