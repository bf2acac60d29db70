"""Probe a lock: compare the facts that it states with those that a torture of it finds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from booking.core.assembly import lock_at
from booking.core.protocols import Lock
from booking.core.registry import resolve, takes_argument
from booking.core.traits import LockTraits, lock_traits
from booking.errors import CapacityError
from booking.experiments.lock_torture import GRANT_S, ROUNDS, SLOW_S, Torture
from booking.system.scratch import scratch_folder


@dataclass(frozen=True, slots=True)
class LockProbe:
    """What a torture found of a lock: facts, and faults that no fact excuses."""

    name: str
    declared: LockTraits
    found: dict[str, bool]  # without `cross_host`, which takes a second machine to find
    faults: tuple[str, ...]
    held_for_ever: str | None  # the death after which it is
    elapsed_s: float

    @property
    def lies(self) -> list[str]:
        """Each fact that is stated otherwise than it was found, and each fault."""
        lies = list(self.faults)
        for fact, found in self.found.items():
            declared = getattr(self.declared, fact)
            if declared in {None, found}:
                continue
            why = f": {self.held_for_ever}" if fact == "crash_safe" and self.held_for_ever else ""
            lies.append(f"{fact} is stated as {word(declared)}, and found to be {word(found)}{why}")
        return lies


def probe(name: str) -> LockProbe:
    """Torture the lock of that name, once in a run of the program."""
    return _probe(name, resolve("lock", name))


@cache
def _probe(name: str, kind: Any) -> LockProbe:
    begun_s = time.monotonic()
    declared = lock_traits(kind)

    def new(folder: Path) -> Lock:
        return lock_at(name, folder / "sale.lock", folder)

    with scratch_folder(quick=True) as folder:
        try:
            findings = _findings(Torture(new, folder), declared, named=takes_argument(kind))
        except CapacityError:
            raise  # nothing was found out of it
        except Exception as error:  # the user's code may raise anything
            problem = " ".join(f"{type(error).__name__}: {error}".split())
            findings = {}, [f"it fails: {problem}"], None
    found, faults, why = findings
    return LockProbe(name, declared, found, tuple(faults), why, time.monotonic() - begun_s)


def _findings(
    torture: Torture, declared: LockTraits, *, named: bool
) -> tuple[dict[str, bool], list[str], str | None]:
    """Return facts and faults; a lock that excludes no process has no facts."""
    faults = torture.exclusion() or (torture.another_folder() if named else [])
    # What stops at each line comes first: which fault is named must not depend on luck.
    if faults := faults or torture.interrupted():
        return {}, faults, None
    faults, in_turn = torture.hand_over(ROUNDS if declared.fair else 1)
    if faults:
        return {}, faults, None
    found = {
        "reentrant": torture.nests(),
        "threads": torture.threads_wait(),
        "owned": torture.is_owned(),
    }
    if declared.fair:  # a few waiters in turn show no fairness that is not stated
        found["fair"] = in_turn
    faults = torture.press()
    deaths, why = torture.death(_grant_s(declared.crash_safe))
    if not deaths:
        found["crash_safe"] = why is None
    return found, faults + deaths, why


def _grant_s(crash_safe: bool | None) -> float:
    """Return how long to wait for a dead holder's lock: one that need not come gets less."""
    return GRANT_S if crash_safe else SLOW_S


def word(fact: bool) -> str:
    """Return a fact in a word."""
    return "yes" if fact else "no"
