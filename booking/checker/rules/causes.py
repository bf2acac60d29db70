"""Find causes in the recorded steps: which process read what, before which other one wrote.

A step's time is taken just *before* its effect. So an effect lies between its step and the next
event of the same process. `saw` is what the step gave: a count read, or 1 or 0 for a lock that was
taken or refused.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from booking.checker.diagnosis.messages import buyer
from booking.checker.operations import Op
from booking.history.actions import BLIND_WRITES, READS, Action
from booking.history.model import Event


@dataclass(slots=True)
class StepsByProcess:
    """The steps of a sale, by process and in the order of time."""

    by_process: dict[int | str, list[Event]] = field(default_factory=dict)

    @classmethod
    def of(cls, steps: Iterable[Event]) -> StepsByProcess:
        """Sort steps by process and time."""
        grouped = cls()
        for step in steps:
            grouped.by_process.setdefault(step.process, []).append(step)
        for own_steps in grouped.by_process.values():
            own_steps.sort(key=_time_of)
        return grouped

    def during(self, op: Op) -> list[Event]:
        """Return the steps that an operation was made of."""
        own_steps = self.by_process.get(op.process, [])
        first = bisect_left(own_steps, op.invoked, key=_time_of)
        return own_steps[first : bisect_right(own_steps, op.returned, lo=first, key=_time_of)]

    def last_of(self, process: object) -> Event | None:
        """Return a process's last step; names compare as text, as keys of a JSON object are."""
        for known, own_steps in self.by_process.items():
            if str(known) == str(process) and own_steps:
                return own_steps[-1]
        return None


def _time_of(step: Event) -> int:
    return step.time


def racing_reads(
    first: Op, second: Op, steps: StepsByProcess
) -> tuple[int, tuple[Event, ...]] | None:
    """Return the count that both orders read before either wrote, and the four steps.

    That is a lost update. None: the steps do not show one.
    """
    read_write_a = _read_and_write(steps.during(first))
    read_write_b = _read_and_write(steps.during(second))
    if read_write_a is None or read_write_b is None:
        return None
    (read_a, write_a), (read_b, write_b) = read_write_a, read_write_b
    if read_a.saw is None or read_a.saw != read_b.saw:
        return None
    if max(read_a.time, read_b.time) >= min(write_a.time, write_b.time):
        return None
    evidence = sorted((read_a, read_b, write_a, write_b), key=lambda step: step.time)
    return read_a.saw, tuple(evidence)


def _read_and_write(steps: Sequence[Event]) -> tuple[Event, Event] | None:
    read: Event | None = None
    for step in steps:
        if step.f in READS:
            read = step
        elif step.f in BLIND_WRITES and read is not None:
            return read, step
    return None


def torn_read_cause(reader: Op, steps: StepsByProcess) -> tuple[str, tuple[Event, ...]] | None:
    """Find the writer that had truncated what the reader read.

    Returns a sentence and the steps. The sentence says so where the reader took no lock.
    """
    reader_steps = steps.during(reader)
    read = next((step for step in reversed(reader_steps) if step.f in READS), None)
    if read is None:
        return None
    for process, writer_steps in steps.by_process.items():
        if process == reader.process:
            continue
        for at, step in enumerate(writer_steps):
            if step.f != Action.TRUNCATE or step.resource != read.resource:
                continue
            later = writer_steps[at + 1 :]
            written = next((step for step in later if step.f == Action.WRITE), None)
            if step.time <= reader.returned and (written is None or written.time >= read.time):
                cause = f"{buyer(process)} had truncated {read.resource} and not yet written"
                locks = any(step.f == Action.ACQUIRE for step in reader_steps)
                if held_lock(writer_steps[:at]) and not locks:
                    cause += f"; {buyer(reader.process)} did not take the lock"
                return cause, tuple(x for x in (step, read, written) if x is not None)
    return None


def held_lock(steps: Sequence[Event]) -> str | None:
    """Return the resource of the lock that a process holds after these steps, if any."""
    held: list[str] = []
    for step in steps:
        if step.f == Action.ACQUIRE and step.saw == 1:
            held.append(step.resource or "")
        elif step.f == Action.RELEASE and (step.resource or "") in held:
            held.remove(step.resource or "")
    return held[-1] if held else None


@dataclass(frozen=True, slots=True)
class EarlyRelease:
    """A lock released before the write that it protects, and the read in between."""

    owner: int | str
    reader: int | str
    count: int | None
    evidence: tuple[Event, ...]


def early_release(steps: StepsByProcess) -> EarlyRelease | None:
    """Find a writer that released its lock before it wrote, and a reader in between.

    The reader read the count that the writer then overwrote.
    """
    reads = [
        step for own_steps in steps.by_process.values() for step in own_steps if step.f in READS
    ]
    for process, own_steps in steps.by_process.items():
        read = release = None
        locks_held = 0
        for step in own_steps:
            if step.f == Action.ACQUIRE and step.saw == 1:
                locks_held, release = locks_held + 1, None
            elif step.f == Action.RELEASE and locks_held:
                locks_held, release = locks_held - 1, step
            elif step.f in READS:
                read = step
                release = None  # the next purchase: without a lock, which is another fault
            elif step.f in BLIND_WRITES and release is not None and not locks_held:
                other = _read_of_overwritten(reads, process, read, release, step)
                if other is not None:
                    evidence = (release, other, step)
                    return EarlyRelease(process, other.process, other.saw, evidence)
    return None


def _read_of_overwritten(
    reads: list[Event], owner: int | str, read: Event | None, release: Event, write: Event
) -> Event | None:
    """Find a read by another process, after the release, of the count before the write."""
    for other in reads:
        if other.process == owner or other.resource != write.resource:
            continue
        same = read is not None and read.saw is not None and other.saw == read.saw
        if release.time <= other.time and (other.time <= write.time or same):
            return other
    return None


@dataclass(slots=True)
class CriticalSection:
    """A time in which a process held a lock.

    It began by the step `entered` at the latest, since the holder went on, and ended at `left`.
    """

    process: int | str
    acquire: Event
    entered: Event
    left: int | None = None  # nanoseconds; None: the lock was never released
    writes: list[Event] = field(default_factory=list)


def critical_sections(own_steps: Sequence[Event]) -> list[CriticalSection]:
    """Return the critical sections of one process.

    An acquire without a later step of its process is left out: it may still have been waiting.
    """
    sections: list[CriticalSection] = []
    current: dict[str, CriticalSection] = {}
    reentries: dict[str, int] = {}  # acquires of a reentrant lock that was held already
    for at, step in enumerate(own_steps):
        resource = step.resource or ""
        acquired = step.f == Action.ACQUIRE and step.saw == 1
        if resource in current and acquired:
            reentries[resource] = reentries.get(resource, 0) + 1
        elif step.f == Action.RELEASE and reentries.get(resource):
            reentries[resource] -= 1
        elif acquired and at + 1 < len(own_steps):
            current[resource] = CriticalSection(step.process, step, own_steps[at + 1])
            sections.append(current[resource])
        elif step.f == Action.RELEASE and resource in current:
            current.pop(resource).left = step.time
        elif step.f in BLIND_WRITES and step.saw != 0:
            for section in current.values():
                section.writes.append(step)
    return sections


def fenced_out_write(
    steps: StepsByProcess,
) -> tuple[CriticalSection, CriticalSection, Event] | None:
    """Find a write by a process whose lease another process had been given meanwhile.

    Returns the critical section of the writer, the later one, and the write.
    """
    by_resource: dict[str, list[CriticalSection]] = {}
    for own_steps in steps.by_process.values():
        for section in critical_sections(own_steps):
            by_resource.setdefault(section.acquire.resource or "", []).append(section)
    for sections in by_resource.values():
        sections.sort(key=lambda section: section.entered.time)
        for at, section in enumerate(sections):
            later = next((x for x in sections[at + 1 :] if x.process != section.process), None)
            if later is None or (section.left is not None and section.left <= later.entered.time):
                continue
            late = next((x for x in section.writes if x.time > later.entered.time), None)
            if late is not None:
                return section, later, late
    return None
