"""Sizes in bytes, as users write and read them: 16MiB."""

from __future__ import annotations

import re

_UNITS = {
    "": 1, "b": 1,
    "k": 1 << 10, "kib": 1 << 10, "kb": 10**3,
    "m": 1 << 20, "mib": 1 << 20, "mb": 10**6,
    "g": 1 << 30, "gib": 1 << 30, "gb": 10**9,
}  # fmt: skip
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?) ?([a-z]{0,3})\Z", re.ASCII | re.IGNORECASE)
_SHOWN = ((30, "GiB"), (20, "MiB"), (10, "KiB"))
_ROUND = 10  # of a larger figure no decimal is shown


def parse_size(text: str) -> int:
    """Return how many bytes a text such as 16MiB means; raise `ValueError` where it means none."""
    match = _SIZE.match(text.strip())
    unit = _UNITS.get(match[2].lower()) if match else None
    count = int(float(match[1]) * unit) if match and unit else 0
    if count < 1:
        raise ValueError(f"{text!r} is no size; write 16MiB, 2GiB or a number of bytes")
    return count


def shown_size(count: int) -> str:
    """Return a number of bytes for people: in the largest unit that keeps it at 1 or more."""
    for bits, unit in _SHOWN:
        if count >= 1 << bits:
            whole = count / (1 << bits)
            exact = whole >= _ROUND or whole == int(whole)
            return f"{round(whole) if exact else round(whole, 1)} {unit}"
    return f"{count} bytes"
