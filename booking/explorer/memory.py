"""How many states of an exploration fit into memory."""

from __future__ import annotations

from booking.explorer.model import STATES_MAX
from booking.system.memory import Need, ensure_fits, total_room

STATE_BYTES = 1200  # of eight buyers; measured, see tests/e2e/test_memory_limits.py


def states_that_fit(wanted: int | None) -> int:
    """Return the bound on states: as many as the user wants, or as usual where they fit.

    Raises `CapacityError` where the states that the user wants would not fit.
    """
    if wanted is not None:
        need = wanted * STATE_BYTES

        def fewer(room: int) -> str:
            return f"give --max-states {max(1, room // STATE_BYTES)} or less"

        ensure_fits(f"{wanted:,} states", Need(need, need), fewer)
        return wanted
    room = total_room()
    return STATES_MAX if room is None else max(1, min(STATES_MAX, room.size // STATE_BYTES))
