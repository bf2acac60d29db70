"""Durations as people write them: `10ms`, `2s`, and spans of them: `10ms..30ms`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
DURATION_MAX_S = 86_400.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """A duration drawn anew each time, between two bounds in seconds."""

    low_s: float
    high_s: float

    def draw(self, random: Random) -> float:
        """Draw a duration, in seconds."""
        return random.uniform(self.low_s, self.high_s)

    def __str__(self) -> str:
        if self.low_s == self.high_s:
            return written(self.low_s)
        return f"{written(self.low_s)}..{written(self.high_s)}"


def parse_duration(text: object) -> float:
    """Return the seconds of `10ms`; raise `ValueError` with what was expected."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        raise ValueError(f"{text} has no unit; write for example {text}ms or {text}s")
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is no duration; write a number and us, ms, s or m: 10ms")
    seconds = float(match[1]) * SECONDS[match[2]]
    if seconds > DURATION_MAX_S:
        raise ValueError(f"{text} is longer than a day")
    return seconds


def parse_span(text: object) -> Span:
    """Return the span of `10ms..30ms`, or of `10ms`, which is always as long."""
    if isinstance(text, Span):
        return text
    low, dots, high = text.partition("..") if isinstance(text, str) else (text, "", "")
    low_s = parse_duration(low)
    high_s = parse_duration(high) if dots else low_s
    if high_s < low_s:
        raise ValueError(f"{text} runs backwards; write the shorter duration first")
    return Span(low_s, high_s)


def written(seconds: float) -> str:
    """Return a duration as text, in the largest unit that keeps it easy to read."""
    for unit in ("m", "s", "ms"):
        if seconds >= SECONDS[unit] and (unit != "m" or seconds % 60 == 0):
            return f"{seconds / SECONDS[unit]:.6g}{unit}"
    return f"{seconds / SECONDS['us']:.6g}us" if seconds else "0s"
