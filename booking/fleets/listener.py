"""The listener of a running sale: the terminal, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from booking.history.model import Event


class Listener(Protocol):
    """Gets the progress of a sale, and must return quickly."""

    wants_events: bool  # reading event logs takes time from the buyers: only to show events

    def opened(self, at_ns: int) -> None:
        """Take note that the start barrier was opened at this time."""

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        """Show that `done` of `total` buyers passed `phase`; `events` are new since the last."""


class NullListener:
    """Ignores the progress of a sale."""

    wants_events = False

    def opened(self, at_ns: int) -> None:
        """Do nothing."""

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        """Do nothing."""
