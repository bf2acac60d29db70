"""Hear what a purchase takes from the clock or from chance: calls of C functions (sys.setprofile).

An exploration executes orders of steps, and neither another hour nor another draw. Only calls from
the user's own files count: a library reads the clock for its own time limits. Profiling is slow,
so the first purchases of a process are listened to and no others.
"""

from __future__ import annotations

import _random
import datetime
import os
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from booking.instrument.seam import Seam, package_of

PURCHASES = 10  # that are listened to in each process
CLOCKS = {
    time.time, time.time_ns, time.monotonic, time.monotonic_ns, time.perf_counter,
    time.perf_counter_ns, time.process_time, time.localtime, time.gmtime, time.ctime,
    time.strftime,
}  # fmt: skip
DATES = {"now", "utcnow", "today"}
DRAWS = {"random", "getrandbits"}
CLOCK = "reads the clock ({}): no time passes in an exploration"
CHANCE = "draws a random number ({}): other numbers are not explored"
SQL_CHANCE = re.compile(r"\b(random|randomblob|gen_random_uuid|uuid_generate_v4|uuidv4|rand)\s*\(",
                        re.IGNORECASE)  # fmt: skip
SQL_CLOCK = re.compile(
    r"\b((now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|unixepoch"
    r"|julianday)\s*\(|(current_timestamp|current_date|current_time|localtime|localtimestamp)\b"
    r"|(datetime|date|time|strftime)\s*\([^)]*'now')",
    re.IGNORECASE,
)
DECIDES = re.compile(r"\b(where|having|case|order\s+by|filter)\b", re.IGNORECASE)


@contextmanager
def heard(seam: Seam, *, listens: bool) -> Iterator[None]:
    """Doubt each such call of the block that the user's code makes itself."""
    if not listens or sys.getprofile() is not None:
        yield
        return

    def hook(frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call" and (what := _meaning(frame, function)):
            seam.doubt(what)

    sys.setprofile(hook)
    try:
        yield
    finally:
        sys.setprofile(None)


def _meaning(frame: FrameType, function: Any) -> str:
    """Return what a call means for a proof: nothing, as a rule."""
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if function is os.urandom or (name in DRAWS and isinstance(owner, _random.Random)):
        caller = _behind(frame, random.__file__)
        return CHANCE.format(name) if _is_users(caller) else ""
    is_date = name in DATES and isinstance(owner, type) and issubclass(owner, datetime.date)
    if (is_date or _is_clock(function)) and _is_users(frame):
        return CLOCK.format(name)
    return ""


def _is_clock(function: Any) -> bool:
    try:
        return function in CLOCKS
    except TypeError:  # a method of an object without a hash
        return False


def _behind(frame: FrameType, file: str) -> FrameType | None:
    """Return the first caller that is not in a file."""
    caller: FrameType | None = frame
    while caller is not None and caller.f_code.co_filename == file:
        caller = caller.f_back
    return caller


def _is_users(frame: FrameType | None) -> bool:
    return frame is not None and package_of(frame.f_code.co_filename) is None


def doubt_chance(seam: Seam, statement: str) -> None:
    """Doubt a statement in which the server's chance or clock decides.

    A clock that is only stored decides nothing; a number of chance may be in a condition later.
    """
    found = SQL_CHANCE.search(statement)
    if found and "uuid" not in found.group().lower():
        seam.doubt(CHANCE.format(found.group().rstrip("( ")))
    for clock in SQL_CLOCK.finditer(statement):
        if DECIDES.search(statement[: clock.start()]):
            seam.doubt(CLOCK.format(clock.group().rstrip("( ")))
