"""Estimate what the check of a history takes in memory, by its size and a look at its beginning."""

from __future__ import annotations

from booking.history.source import Source
from booking.system.memory import Need, ensure_fits
from booking.system.sizes import shown_size

LINE_BYTES = 170  # in columns, and in the search for an order
STEP_BYTES = 420  # a step is kept as an event
STEPS_MAX = 1_000_000  # more are counted only
HEAD_BYTES = 1 << 16


def ensure_memory(source: Source) -> None:
    """Raise `CapacityError` where the check of a history would not fit into memory."""
    with source.open() as file:
        head = file.read(HEAD_BYTES)
    size, lines_seen = source.size(), head.count(b"\n")
    if lines_seen == 0:
        return  # one line, or a vector of all: its length is limited
    lines = size * lines_seen // len(head)
    steps = min(STEPS_MAX, lines * head.count(b'"step"') // lines_seen)
    need = lines * LINE_BYTES + steps * STEP_BYTES
    ensure_fits(
        f"{source.name}: the check of {shown_size(size)}, about {lines:,} lines,",
        Need(need, need),
        lambda room: f"check {max(1, lines * room // need):,} lines of it",
    )
