"""Make values alike that are new each time and mean nothing: the present time, random UUIDs.

The same order of steps must give the same again. A purchase that stores when it was made would
never do so, if the time itself were compared.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

PRESENT = timedelta(minutes=30)
TIME = re.compile(r"(20\d\d)-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?")
REPR = re.compile(
    r"datetime\.datetime\((20\d\d), (\d+), (\d+), (\d+), (\d+)(?:, (\d+))?(?:, (\d+))?"
    r"(, tzinfo=[\w.]+(\([^()]*\))?)?\)"
)
VERSION_4 = re.compile(
    r"\b[0-9a-f]{8}(-?)[0-9a-f]{4}\1[4][0-9a-f]{3}\1[89ab][0-9a-f]{3}\1[0-9a-f]{12}\b"
)


class Passing:
    """What was made alike in one purchase: each UUID keeps its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def alike(self, text: str) -> str:
        """Return a text with the present as `<now>`, and its UUIDs numbered as they came."""
        if "20" in text:
            text = REPR.sub(_now, TIME.sub(_now, text))
        return VERSION_4.sub(self._numbered, text)

    def _numbered(self, match: re.Match[str]) -> str:
        key = match.group().replace("-", "")
        return f"<uuid {self._numbers.setdefault(key, len(self._numbers) + 1)}>"


def _now(match: re.Match[str]) -> str:
    """Return `<now>` for a time near the present one, in UTC or in the local zone."""
    year, month, day, hour, minute, second = (int(match.group(at) or 0) for at in range(1, 7))
    try:
        then = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return match.group()
    presents = (datetime.now(UTC).replace(tzinfo=None), datetime.now())
    near = any(abs(then - present) < PRESENT for present in presents)
    return "<now>" if near else match.group()
