"""Who looks on while a sale runs: the terminal, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from booking.history import Event


class Watcher(Protocol):
    """Told now and then how far a sale is; it must not take long."""

    def opened(self, at_ns: int) -> None:
        """The gate was opened at this time."""

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        """`done` of `total` buyers have passed `phase`; `events` came since the last call."""


class Nobody:
    """Nobody looks on."""

    def opened(self, at_ns: int) -> None:
        """Do nothing."""

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        """Do nothing."""
