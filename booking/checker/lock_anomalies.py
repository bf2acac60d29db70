"""Who waited for what, at the end: hangs and locks whose holder is dead; and leases outlived.

A sale that was cut short says so in its last line: `"hung"` lists the buyers that had to be
ended, `"crashed"` maps buyers to how they ended, `"waits"` lists `{"buyer": …,
"resource": …, "holder": …}`, or the three as a list.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from booking.checker.causes import Steps, fenced_out, unlocked_before_write
from booking.checker.columns import Columns
from booking.checker.messages import buyer, listed
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.model import Event, Wait


def stuck(ledger: Columns, steps: Steps) -> list[Anomaly]:
    """Return what is wrong with how the buyers held their locks."""
    return [*_stale_lock(ledger, steps), *_hang(ledger, steps), *_early(steps), *_late(steps)]


def _waits(ledger: Columns) -> list[Wait]:
    """Return the waits for a lock that a process holds."""
    return [wait for wait in ledger.end.waits if wait.holder is not None]


def _crashed(ledger: Columns) -> set[str]:
    return {str(process) for process in ledger.end.deaths}


def _last_step(steps: Steps, process: object) -> Event | None:
    for known, mine in steps.by_process.items():
        if str(known) == str(process) and mine:
            return mine[-1]
    return None


def _stale_lock(ledger: Columns, steps: Steps) -> Iterator[Anomaly]:
    crashed = _crashed(ledger)
    waiting = [wait for wait in _waits(ledger) if str(wait.holder) in crashed]
    if waiting:
        who = listed(buyer(wait.buyer) for wait in waiting)
        first = waiting[0]
        last = [_last_step(steps, process) for process in (first.holder, first.buyer)]
        yield Anomaly(
            AnomalyName.STALE_LOCK,
            f"{who} waited for {first.resource}, which {buyer(first.holder)} held when it died",
            tuple(step for step in last if step is not None),
        )
        return
    yield from _stale_by_steps(ledger, steps)


def _stale_by_steps(ledger: Columns, steps: Steps) -> Iterator[Anomaly]:
    """Find a lock whose holder took no further step, and which no buyer had after it."""
    dead = _dead(ledger)
    for process, mine in steps.by_process.items():
        if str(process) not in dead:
            continue
        held: dict[str, Event] = {}
        for step in mine:
            if step.f == "acquire" and step.saw == 1:
                held[step.resource or ""] = step
            elif step.f == "release":
                held.pop(step.resource or "", None)
        for resource, taken in held.items():
            later = [
                step
                for other, theirs in steps.by_process.items()
                if other != process
                for step in theirs
                if step.f == "acquire" and step.resource == resource and step.time > mine[-1].time
            ]
            waiters = [step for step in later if step.saw == 0]
            if waiters and not any(step.saw == 1 for step in later):
                who = listed(dict.fromkeys(buyer(step.process) for step in waiters))
                yield Anomaly(
                    AnomalyName.STALE_LOCK,
                    f"{who} waited for {resource} in vain: {buyer(process)} took it and died "
                    "without giving it back",
                    (taken, mine[-1], waiters[0]),
                )
                return


def _dead(ledger: Columns) -> set[str]:
    """Return who died: as the end says, else those that never completed an order."""
    if ledger.end.crashed is not UNSET:
        return _crashed(ledger)
    return {str(process) for here in ledger.inventories.values() for process in here.maybe.process}


def _hang(ledger: Columns, steps: Steps) -> Iterator[Anomaly]:
    waits = {str(wait.buyer): wait for wait in _waits(ledger)}
    hung = ledger.end.hung
    if not hung:
        return
    circle = _circle({who: str(wait.holder) for who, wait in waits.items()})
    last = [_last_step(steps, one) for one in hung]
    if circle:
        parts = [f"{buyer(who)} waits for {waits[who].resource}, held by {buyer(waits[who].holder)}"
                 for who in circle]  # fmt: skip
        message = f"deadlock: {listed(parts, len(parts))}"
    else:
        did = [
            f"{buyer(who)} (last step: {step.f} {step.resource or ''})".replace(" )", ")")
            if step is not None
            else f"{buyer(who)} (no step)"
            for who, step in zip(hung, last, strict=True)
        ]
        message = f"{listed(did)} took no step until the time limit ended the sale"
    yield Anomaly(AnomalyName.HANG, message, tuple(step for step in last if step is not None))


def _circle(holder_of: dict[str, str]) -> list[str]:
    """Find buyers who wait for one another in a circle."""
    for start in holder_of:
        way: list[str] = []
        who = start
        while who in holder_of and who not in way:
            way.append(who)
            who = holder_of[who]
        if who in way:
            return way[way.index(who) :]
    return []


def _early(steps: Steps) -> Iterator[Anomaly]:
    found = unlocked_before_write(steps)
    if found is not None:
        what = "the count" if found.count is None else str(found.count)
        yield Anomaly(
            AnomalyName.UNLOCK_BEFORE_WRITE,
            f"{buyer(found.owner)} gave the lock back before its write was visible: "
            f"{buyer(found.reader)} read {what}, which it then overwrote",
            found.witness,
        )


def _late(steps: Steps) -> Iterator[Anomaly]:
    found = fenced_out(steps)
    if found is not None:
        mine, later, write = found
        resource = mine.acquire.resource
        yield Anomaly(
            AnomalyName.FENCED_OUT_WRITE,
            f"{buyer(mine.process)} wrote after it had lost {resource}: "
            f"{buyer(later.process)} had been given it meanwhile",
            (mine.acquire, later.acquire, later.sure, write),
        )
