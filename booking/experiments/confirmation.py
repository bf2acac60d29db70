"""Confirm a proof about a user's own code: what one process cannot show, real processes may.

An exploration runs in one process and never waits. A class attribute is shared there and
nowhere else, and a lock that breaks in after a while never gets the time to do so.
"""

from __future__ import annotations

from booking.core.assembly import Assembly
from booking.core.durations import Span
from booking.core.registry import BUILT_IN
from booking.core.verdict import Outcome
from booking.experiments.lock_probe import probe
from booking.experiments.sale import run_sale
from booking.explorer.execution import in_one_line
from booking.explorer.transition import Caveat

BUYERS_MAX = 4


def caveats_of(assembly: Assembly, buyers: int) -> list[Caveat]:
    """Return what speaks against a proof; nothing where store, lock and guard are ours."""
    if assembly.all_built_in:
        return []
    return _torture(assembly.lock_name) or _sell(assembly, buyers)


def _sell(assembly: Assembly, buyers: int) -> list[Caveat]:
    """Sell once in real processes, where nothing is shared by a class or a module."""
    real = assembly.scenario.but(
        buyers=min(buyers, BUYERS_MAX), tickets=assembly.tickets, control=False,
        delay=Span(0.0, 0.002), seed=0, acquire_timeout=None,
    )  # fmt: skip
    try:
        verdict = run_sale(real).verdict
    except Exception as error:  # the user's code may raise anything
        return [Caveat(f"it could not be run: {in_one_line(error)}", "a sale of real processes")]
    if verdict.outcome is not Outcome.INVALID:
        return []
    what = f"sound when explored in one process, but real processes fail: {verdict.reason}"
    return [Caveat(what, "a sale of real processes")]


def _torture(name: str | None) -> list[Caveat]:
    """Torture the lock alone: the search itself never waits. A built-in one is tested elsewhere."""
    if name is None or name in BUILT_IN["lock"]:
        return []
    return [
        Caveat(f"tortured alone in real processes, {fault}", name) for fault in probe(name).faults
    ]
