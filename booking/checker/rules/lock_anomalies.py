"""Name what is wrong with locks: a hang, a stale lock, an early release, a write after a lease.

A sale that was cut short says so in its last line: `hung` lists the buyers that had to be ended,
`crashed` maps processes to how they died, and `waits` lists who waited for which lock of whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import UNSET

from booking.checker.diagnosis.messages import buyer, listed
from booking.checker.reading.columns import Columns
from booking.checker.rules.causes import StepsByProcess, early_release, fenced_out_write
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.actions import Action
from booking.history.model import Event, Wait


def find_lock_anomalies(columns: Columns, steps: StepsByProcess) -> list[Anomaly]:
    """Return what is wrong with how the buyers held their locks.

    That a buyer went no further proves nothing where a server was silent, or where the logs of
    those that it waited for are missing.
    """
    shown = not (columns.end.unanswered or columns.end.unlogged)
    return [
        *(_stale_lock(columns, steps) if shown else ()),
        *(_hang(columns, steps) if shown else ()),
        *_unlock_before_write(steps),
        *_fenced_out_write(steps),
    ]


def _waits(columns: Columns) -> list[Wait]:
    """Return the waits for a lock that a process holds."""
    return [wait for wait in columns.end.waits if wait.holder is not None]


def _crashed(columns: Columns) -> set[str]:
    return {str(process) for process in columns.end.deaths}


def _stale_lock(columns: Columns, steps: StepsByProcess) -> Iterator[Anomaly]:
    crashed = _crashed(columns)
    waiting = [wait for wait in _waits(columns) if str(wait.holder) in crashed]
    if waiting:
        who = listed(buyer(wait.buyer) for wait in waiting)
        first = waiting[0]
        last = [steps.last_of(process) for process in (first.holder, first.buyer)]
        yield Anomaly(
            AnomalyName.STALE_LOCK,
            f"{who} waited for {first.resource}, which {buyer(first.holder)} held when it died",
            tuple(step for step in last if step is not None),
        )
        return
    yield from _stale_by_steps(columns, steps)


def _stale_by_steps(columns: Columns, steps: StepsByProcess) -> Iterator[Anomaly]:
    """Find a lock whose holder died, and which no process was given after that."""
    dead = _dead(columns)
    for process, own_steps in steps.by_process.items():
        if str(process) not in dead:
            continue
        for resource, acquire in _locks_held(own_steps).items():
            last = own_steps[-1]
            later = _acquires_by_others(steps, process, resource, after=last.time)
            refused = [step for step in later if step.saw == 0]
            if refused and not any(step.saw == 1 for step in later):
                who = listed(dict.fromkeys(buyer(step.process) for step in refused))
                yield Anomaly(
                    AnomalyName.STALE_LOCK,
                    f"{who} waited for {resource} in vain: {buyer(process)} took it and died "
                    "without giving it back",
                    (acquire, last, refused[0]),
                )
                return


def _locks_held(own_steps: list[Event]) -> dict[str, Event]:
    """Return the locks that a process holds after its steps, each with its acquire."""
    held: dict[str, Event] = {}
    for step in own_steps:
        if step.f == Action.ACQUIRE and step.saw == 1:
            held[step.resource or ""] = step
        elif step.f == Action.RELEASE:
            held.pop(step.resource or "", None)
    return held


def _acquires_by_others(
    steps: StepsByProcess, process: int | str, resource: str, *, after: int
) -> list[Event]:
    return [
        step
        for other, own_steps in steps.by_process.items()
        if other != process
        for step in own_steps
        if step.f == Action.ACQUIRE and step.resource == resource and step.time > after
    ]


def _dead(columns: Columns) -> set[str]:
    """Return the processes that died.

    They are those of the last line. Where it does not say, a process that never completed its
    last order counts as dead.
    """
    if columns.end.crashed is not UNSET:
        return _crashed(columns)
    inventories = columns.inventories.values()
    return {str(process) for inventory in inventories for process in inventory.maybe.process}


def _hang(columns: Columns, steps: StepsByProcess) -> Iterator[Anomaly]:
    waits = {str(wait.buyer): wait for wait in _waits(columns)}
    hung = columns.end.hung
    if not hung:
        return
    cycle = _cycle({waiter: str(wait.holder) for waiter, wait in waits.items()})
    last = [steps.last_of(process) for process in hung]
    if cycle:
        edges = [
            f"{buyer(waiter)} waits for {waits[waiter].resource}, "
            f"held by {buyer(waits[waiter].holder)}"
            for waiter in cycle
        ]
        message = f"deadlock: {listed(edges, len(edges))}"
    else:
        stopped = [_stopped(process, step) for process, step in zip(hung, last, strict=True)]
        message = f"{listed(stopped)} took no step until the time limit ended the sale"
    shown = tuple(step for step in last if step is not None)
    yield Anomaly(AnomalyName.HANG, message, shown or _begun_by(columns, hung))


def _begun_by(columns: Columns, processes: Sequence[int | str]) -> tuple[Event, ...]:
    """Return the invocations that these processes never completed."""
    names = {str(process) for process in processes}
    return tuple(
        Event(index, process, "invoke", columns.naming.buy[0], None, invoked)
        for inventory in columns.inventories.values()
        for process, index, invoked in zip(
            inventory.maybe.process, inventory.maybe.index, inventory.maybe.invoked, strict=True
        )
        if str(process) in names
    )


def _stopped(process: int | str, last: Event | None) -> str:
    if last is None:
        return f"{buyer(process)} (no step)"
    step = f"{last.f} {last.resource or ''}".rstrip()
    return f"{buyer(process)} (last step: {step})"


def _cycle(holder_of: Mapping[str, str]) -> list[str]:
    """Return a cycle of the wait-for graph, or an empty list."""
    for start in holder_of:
        path: list[str] = []
        waiter = start
        while waiter in holder_of and waiter not in path:
            path.append(waiter)
            waiter = holder_of[waiter]
        if waiter in path:
            return path[path.index(waiter) :]
    return []


def _unlock_before_write(steps: StepsByProcess) -> Iterator[Anomaly]:
    release = early_release(steps)
    if release is not None:
        what = "the count" if release.count is None else str(release.count)
        yield Anomaly(
            AnomalyName.UNLOCK_BEFORE_WRITE,
            f"{buyer(release.owner)} gave the lock back before its write was visible: "
            f"{buyer(release.reader)} read {what}, which it then overwrote",
            release.evidence,
        )


def _fenced_out_write(steps: StepsByProcess) -> Iterator[Anomaly]:
    late = fenced_out_write(steps)
    if late is not None:
        section, later, write = late
        yield Anomaly(
            AnomalyName.FENCED_OUT_WRITE,
            f"{buyer(section.process)} wrote after it had lost {section.acquire.resource}: "
            f"{buyer(later.process)} had been given it meanwhile",
            (section.acquire, later.acquire, later.entered, write),
        )
