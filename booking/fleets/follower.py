"""Follow the event logs of buyers while they sell, and pass their events to a listener."""

from __future__ import annotations

import time
from bisect import bisect
from collections.abc import Iterable, Sequence

from booking.fleets.listener import Listener
from booking.history.model import Event
from booking.recording.event_log import EventLogReader

# Longer than a process of a sale of few buyers waits for a processor. The newest events are held
# back for at most this long: a log may say nothing new, because its buyer waits for a lock.
HOLD_BACK_NS = 250_000_000


class EventFollower:
    """Reads the event logs of a sale's buyers, and gathers their events in the order of time."""

    def __init__(self, readers: Sequence[EventLogReader], listener: Listener) -> None:
        self.readers = readers
        self._listener = listener
        self._events: list[Event] = []  # published to the listener
        self._fresh: list[Event] = []  # read, and not published yet
        # Buyers that lived when their logs were read last; before the first time, all of them.
        self._growing = set(range(len(readers)))
        self._looked_ns = 0  # when the last reading began

    def look(self, buyers: Iterable[int]) -> bool:
        """Read what these buyers recorded; return whether any of them recorded something.

        A buyer that has ended since the last look is read once more: it is in no later list.
        """
        self._looked_ns = time.monotonic_ns()
        alive = set(buyers)
        readers = [self.readers[number] for number in sorted(alive | self._growing)]
        self._growing = alive
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

        While buyers write, an event is held back until the log of each has passed its time: an
        earlier one may come in a log that says nothing yet.
        """
        self._fresh.sort(key=_time)
        count = len(self._fresh)
        if hold_back:
            count = bisect(self._fresh, self._passed_ns(), key=_time)
        self._listener.progress(phase, done, len(self.readers), self._fresh[:count])
        self._events += self._fresh[:count]
        del self._fresh[:count]

    def _passed_ns(self) -> int:
        """Return the time that every log which may grow has passed."""
        slowest_ns = min((self.readers[number].passed_ns for number in self._growing), default=0)
        return max(slowest_ns, self._looked_ns - HOLD_BACK_NS)

    def drain(self, clerk_readers: Sequence[EventLogReader]) -> list[Event]:
        """Return all events of processes that write no more, in no order."""
        events = self._events + self._fresh
        for reader in [*self.readers, *clerk_readers]:
            events += reader.drain()
        return events


def _time(event: Event) -> int:
    return event.time
