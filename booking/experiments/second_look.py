"""Replay a counterexample of a user's own code in real processes before it accuses.

Explored buyers share one process. What tells processes apart, a lock that belongs to a process for
example, looks broken there and is not. Built-in code is tested in both worlds and needs no replay.
"""

from __future__ import annotations

from booking.core.assembly import Assembly
from booking.core.counterexample import Counterexample
from booking.core.verdict import Outcome
from booking.errors import BookingError
from booking.experiments.replay import replay
from booking.explorer.execution import in_one_line
from booking.explorer.transition import Caveat


def dispute(assembly: Assembly, counterexample: Counterexample, *, doubted: bool) -> Caveat | None:
    """Return what real processes say against a counterexample; None: it accuses rightly.

    `doubted`: the exploration itself doubts that it saw all. Then one that cannot be replayed
    accuses of nothing.
    """
    if assembly.all_built_in:
        return None
    story = f"explored in one process, {counterexample.message}"
    try:
        replayed = replay(counterexample)
    except BookingError as error:
        if not doubted:
            return None
        return Caveat(f"{story}; it can't be replayed in real processes: {error}", "counterexample")
    except Exception as error:  # the user's code may raise anything
        return Caveat(f"{story}; its replay fails: {in_one_line(error)}", "counterexample")
    if replayed.outcome is Outcome.INVALID:
        return None
    real = (replayed.difference or "").partition(": ")[2]
    return Caveat(f"{story}; in real processes it goes otherwise: {real}", "counterexample")
