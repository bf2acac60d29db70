"""Follow the event logs of buyers while they sell, and pass their events to a listener."""

from __future__ import annotations

import time
from bisect import bisect
from collections.abc import Iterable, Sequence

from booking.fleets.listener import Listener
from booking.history.model import Event
from booking.recording.event_log import EventLogReader

HOLD_BACK_NS = 20_000_000  # longer than it takes to read all logs once


class EventFollower:
    """Reads the event logs of a sale's buyers, and gathers their events in the order of time."""

    def __init__(self, readers: Sequence[EventLogReader], listener: Listener) -> None:
        self.readers = readers
        self._listener = listener
        self._events: list[Event] = []  # published to the listener
        self._fresh: list[Event] = []  # read, and not published yet

    def look(self, buyers: Iterable[int]) -> bool:
        """Read what these buyers recorded; return whether any of them recorded something."""
        readers = [self.readers[number] for number in buyers]
        # Each reader must be asked: it compares with the last time that it was.
        grown = [reader.has_grown() for reader in readers]
        if self._listener.wants_events:
            for reader in readers:
                self._fresh += reader.poll()
        return any(grown)

    def has_open_operation(self, buyer: int) -> bool:
        """Read one buyer's log; return whether an operation of it has not completed."""
        self._fresh += self.readers[buyer].poll()
        return self.readers[buyer].open_operation is not None

    def publish(self, phase: str, done: int, *, hold_back: bool) -> None:
        """Show the listener how far the sale is, with the events that are new.

        Logs are read one after another. So while buyers write, the newest events are held back
        until the next time: an earlier one may stand in a log that was read before.
        """
        self._fresh.sort(key=_time)
        until_ns = time.monotonic_ns() - (HOLD_BACK_NS if hold_back else 0)
        count = bisect(self._fresh, until_ns, key=_time)
        self._listener.progress(phase, done, len(self.readers), self._fresh[:count])
        self._events += self._fresh[:count]
        del self._fresh[:count]

    def drain(self, clerk_readers: Sequence[EventLogReader]) -> list[Event]:
        """Return all events of processes that write no more, in no order."""
        events = self._events + self._fresh
        for reader in [*self.readers, *clerk_readers]:
            events += reader.drain()
        return events


def _time(event: Event) -> int:
    return event.time
