"""Who looks on while a sale runs: the terminal, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from booking.history.model import Event


class Listener(Protocol):
    """Told now and then how far a sale is; it must not take long."""

    wants_events: bool  # reading along takes time from the buyers: only for who shows them

    def opened(self, at_ns: int) -> None:
        """The gate was opened at this time."""

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        """`done` of `total` buyers have passed `phase`; `events` came since the last call."""


class NullListener:
    """Nobody looks on."""

    wants_events = False

    def opened(self, at_ns: int) -> None:
        """Do nothing."""

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        """Do nothing."""
