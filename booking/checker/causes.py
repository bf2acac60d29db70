"""Why it went wrong, where the steps were recorded: who read what before whom wrote.

A step's time is taken just *before* its effect; so an effect lies between its step and the next
event of the same process. `saw` is what the step gave: a count read, 1 or 0 for a lock had or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from booking.checker.certificate import Op
from booking.checker.messages import buyer
from booking.history.model import Event

WRITES = frozenset({"write", "replace", "truncate"})
READS = frozenset({"read"})


@dataclass(slots=True)
class Steps:
    """The steps of a sale, by process and in the order of time."""

    by_process: dict[int | str, list[Event]] = field(default_factory=dict)

    @classmethod
    def of(cls, steps: Iterable[Event]) -> Steps:
        """Sort steps by process."""
        found = cls()
        for step in steps:
            found.by_process.setdefault(step.process, []).append(step)
        for mine in found.by_process.values():
            mine.sort(key=lambda step: step.time)
        return found

    def during(self, op: Op) -> list[Event]:
        """Return the steps that an operation was made of."""
        mine = self.by_process.get(op.process, [])
        return [step for step in mine if op.invoked <= step.time <= op.returned]


def both_read(first: Op, second: Op, steps: Steps) -> tuple[int, tuple[Event, ...]] | None:
    """Find that both orders read the same count before either wrote: the lost update itself.

    Gives the count read and the four steps.
    """
    found = [_read_and_write(steps.during(op)) for op in (first, second)]
    one, other = found
    if one is None or other is None:
        return None
    (read_a, write_a), (read_b, write_b) = one, other
    if read_a.saw is None or read_a.saw != read_b.saw:
        return None
    if max(read_a.time, read_b.time) >= min(write_a.time, write_b.time):
        return None
    witness = sorted((read_a, read_b, write_a, write_b), key=lambda step: step.time)
    return read_a.saw, tuple(witness)


def _read_and_write(steps: Sequence[Event]) -> tuple[Event, Event] | None:
    read: Event | None = None
    for step in steps:
        if step.f in READS:
            read = step
        elif step.f in WRITES and read is not None:
            return read, step
    return None


def torn_by(reader: Op, steps: Steps) -> tuple[str, tuple[Event, ...]] | None:
    """Find who had truncated what the reader met, and whether the reader stood outside the lock."""
    mine = steps.during(reader)
    read = next((step for step in reversed(mine) if step.f in READS), None)
    if read is None:
        return None
    for process, theirs in steps.by_process.items():
        if process == reader.process:
            continue
        for at, step in enumerate(theirs):
            if step.f != "truncate" or step.resource != read.resource:
                continue
            written = next((x for x in theirs[at + 1 :] if x.f == "write"), None)
            if step.time <= reader.returned and (written is None or written.time >= read.time):
                cause = f"{buyer(process)} had truncated {read.resource} and not yet written"
                if holds(theirs[:at]) and not any(x.f == "acquire" for x in mine):
                    cause += f"; {buyer(reader.process)} did not take the lock"
                return cause, tuple(x for x in (step, read, written) if x is not None)
    return None


def holds(steps: Sequence[Event]) -> str | None:
    """Return the resource of the lock that a process holds after these steps, if any."""
    held: list[str] = []
    for step in steps:
        if step.f == "acquire" and step.saw == 1:
            held.append(step.resource or "")
        elif step.f == "release" and (step.resource or "") in held:
            held.remove(step.resource or "")
    return held[-1] if held else None


@dataclass(frozen=True, slots=True)
class Early:
    """A lock given back before the write, and who read in between."""

    owner: int | str
    reader: int | str
    count: int | None
    witness: tuple[Event, ...]


def unlocked_before_write(steps: Steps) -> Early | None:
    """Find a writer that let go of its lock first, and a reader who met what it then overwrote."""
    reads = [x for mine in steps.by_process.values() for x in mine if x.f in READS]
    for process, mine in steps.by_process.items():
        read = release = None
        held = 0
        for step in mine:
            if step.f == "acquire" and step.saw == 1:
                held, release = held + 1, None
            elif step.f == "release" and held:
                held, release = held - 1, step
            elif step.f in READS:
                read = step
                release = None  # the next purchase: without a lock, which is another fault
            elif step.f in WRITES and release is not None and not held:
                other = _met(reads, process, read, release, step)
                if other is not None:
                    return Early(process, other.process, other.saw, (release, other, step))
    return None


def _met(
    reads: list[Event], owner: int | str, read: Event | None, release: Event, write: Event
) -> Event | None:
    """Find who read after the release what was there before the write."""
    for other in reads:
        if other.process == owner or other.resource != write.resource:
            continue
        same = read is not None and read.saw is not None and other.saw == read.saw
        if release.time <= other.time and (other.time <= write.time or same):
            return other
    return None


@dataclass(slots=True)
class Hold:
    """A lock had: surely from `sure` on (the holder went on), until `until` at the latest."""

    process: int | str
    acquire: Event
    sure: Event
    until: int | None
    writes: list[Event]


def holds_of(mine: Sequence[Event]) -> list[Hold]:
    """Return what one process held; a lock it took and after which it took no step is left out."""
    found: list[Hold] = []
    open_: dict[str, Hold] = {}
    again: dict[str, int] = {}  # how often a reentrant lock is held beyond once
    for at, step in enumerate(mine):
        resource = step.resource or ""
        if resource in open_ and step.f == "acquire" and step.saw == 1:
            again[resource] = again.get(resource, 0) + 1
        elif step.f == "release" and again.get(resource):
            again[resource] -= 1
        elif step.f == "acquire" and step.saw == 1 and at + 1 < len(mine):
            hold = Hold(step.process, step, mine[at + 1], None, [])
            open_[resource] = hold
            found.append(hold)
        elif step.f == "release" and resource in open_:
            open_.pop(resource).until = step.time
        elif step.f in WRITES and step.saw != 0:
            for hold in open_.values():
                hold.writes.append(step)
    return found


def fenced_out(steps: Steps) -> tuple[Hold, Hold, Event] | None:
    """Find a write by a buyer whose lease was given to another buyer meanwhile."""
    by_resource: dict[str, list[Hold]] = {}
    for mine in steps.by_process.values():
        for hold in holds_of(mine):
            by_resource.setdefault(hold.acquire.resource or "", []).append(hold)
    for held in by_resource.values():
        held.sort(key=lambda hold: hold.sure.time)
        for at, hold in enumerate(held):
            later = next((x for x in held[at + 1 :] if x.process != hold.process), None)
            if later is None or (hold.until is not None and hold.until <= later.sure.time):
                continue
            late = next((x for x in hold.writes if x.time > later.sure.time), None)
            if late is not None:
                return hold, later, late
    return None
