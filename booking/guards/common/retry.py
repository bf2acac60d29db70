"""Retry after a conflict: how often, and how long to wait in between."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from booking.core.protocols import Kit

ATTEMPTS_MAX = 50
ATTEMPTS_EXPLORED = 6  # an exploration tries every order: there, few attempts are many
FIRST_S = 0.0005
LONGEST_S = 0.02


def attempts(kit: Kit) -> Iterator[int]:
    """Yield the attempts of one order; wait before each but the first.

    The wait doubles up to a limit, and half of it is random: buyers that collided once would
    otherwise collide again. With zero timeout, as in an exploration or a replay, there is no wait.
    """
    patient = kit.acquire_timeout_s > 0
    for attempt in range(ATTEMPTS_MAX if patient else ATTEMPTS_EXPLORED):
        if attempt and patient:
            longest_s = min(LONGEST_S, FIRST_S * 2**attempt)
            time.sleep(longest_s * random.uniform(0.5, 1))  # no part of the seed: time, not choice
        yield attempt
