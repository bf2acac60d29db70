"""The closed loop of a benchmark: a buyer orders again after each answer, for a given time.

A behaviour is named, `booking.bench.workload:for_300_ms`, so that it travels to every kind of
process; the time is part of the name.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from booking.core.protocols import SOLD_OUT
from booking.processes.buyer import Buyer

_NAME = re.compile(r"for_(\d{1,9})_ms")
ORDERS_MAX = 10_000_000


def behaviour(duration_s: float) -> str:
    """Return the name of the behaviour of buyers that order for `duration_s` seconds."""
    return f"{__name__}:for_{round(duration_s * 1000)}_ms"


def __getattr__(name: str) -> Callable[[Buyer], None]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise AttributeError(name)
    duration_ns = int(match[1]) * 1_000_000
    return lambda buyer: _order_for(buyer, duration_ns)


def _order_for(buyer: Buyer, duration_ns: int) -> None:
    buy, now_ns = buyer.buy, time.monotonic_ns
    end_ns = now_ns() + duration_ns
    for _ in range(ORDERS_MAX):
        if buy().error == SOLD_OUT or now_ns() >= end_ns:
            return
