"""What `os.stat` returns: a state whose times are doubted, because no clock orders an execution."""

from __future__ import annotations

import os
from typing import Any

from booking.instrument.seam import Seam

TIMES = range(7, 10)  # places of the times in a `stat_result`


class SteppedState:
    """A `stat_result` that takes note of each look at a time."""

    def __init__(self, real: os.stat_result, seam: Seam) -> None:
        self._real = real
        self._seam = seam

    def __getattr__(self, name: str) -> Any:
        if "time" in name:
            self._doubt()
        return getattr(self._real, name)

    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, int) or place in TIMES or place < 0:
            self._doubt()
        return self._real[place]

    def __len__(self) -> int:
        return len(self._real)

    def __repr__(self) -> str:
        return repr(self._real)

    def __eq__(self, other: object) -> bool:
        self._doubt()
        return bool(self._real == (other._real if isinstance(other, SteppedState) else other))

    def __hash__(self) -> int:
        return hash(self._real)

    def __reduce__(self) -> Any:
        return self._real.__reduce__()

    def _doubt(self) -> None:
        self._seam.doubt("looks at the time of a file: the clock decides")
