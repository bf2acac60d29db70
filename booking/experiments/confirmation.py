"""Confirm a proof about a user's own code: what one process cannot show, real processes may.

An exploration runs in one process and never waits. A class attribute is shared there and
nowhere else, and a lock that breaks in after a while never gets the time to do so.
"""

from __future__ import annotations

from pathlib import Path

from booking.core.assembly import Assembly
from booking.core.durations import Span
from booking.core.registry import BUILT_IN, build
from booking.core.verdict import Outcome
from booking.experiments.sale import run_sale
from booking.explorer.transition import Caveat
from booking.system.deadline import Expired, arm, disarm
from booking.system.pickled_copy import PickledCopy

WAIT_S = 0.2
WAIT_MAX_S = 2.0
BUYERS_MAX = 4


def caveats_of(assembly: Assembly, buyers: int, folder: Path) -> list[Caveat]:
    """Return what speaks against a proof; nothing where store, lock and guard are ours."""
    if assembly.all_built_in:
        return []
    return _wait_for_held_lock(assembly.scenario.lock, folder) or _sell(assembly, buyers)


def _sell(assembly: Assembly, buyers: int) -> list[Caveat]:
    """Sell once in real processes, where nothing is shared by a class or a module."""
    real = assembly.scenario.but(
        buyers=min(buyers, BUYERS_MAX), tickets=assembly.tickets, control=False,
        delay=Span(0.0, 0.002), seed=0, acquire_timeout=None,
    )  # fmt: skip
    verdict = run_sale(real).verdict
    if verdict.outcome is not Outcome.INVALID:
        return []
    what = f"sound when explored in one process, but real processes fail: {verdict.reason}"
    return [Caveat(what, "a sale of real processes")]


def _wait_for_held_lock(name: str | None, folder: Path) -> list[Caveat]:
    """Wait for a lock that is held: one that is acquired then, by force or lease, proves nothing.

    The search itself never waits. A built-in lock is tested elsewhere.
    """
    if name is None or name in BUILT_IN["lock"]:
        return []
    pickled = PickledCopy(build("lock", name, folder / "held.lock"))
    holder, other = pickled.load(), pickled.load()
    if not holder.acquire(0.0):
        return [Caveat("a new lock of its kind is not free", name)]
    armed = arm(WAIT_MAX_S)
    try:
        acquired = other.acquire(WAIT_S)
        what = "was acquired by two at once, when the second one waited" if acquired else ""
    except Expired:
        what = "was held, and asked to wait, and waits on after"
    finally:
        if armed:
            disarm()
    holder.release()
    return [Caveat(f"the lock {what} {WAIT_S} s", name)] if what else []
