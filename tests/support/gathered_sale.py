"""Print how many bytes the harness takes for a sale: its events gathered and judged.

Buyers that sell take long; what they record can be written at once. A child process does that, so
that its memory is not counted.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from booking.core.order_execution import Completion
from booking.experiments.verdicts import verdict_on
from booking.fleets.follower import EventFollower
from booking.fleets.listener import NullListener
from booking.history.model import History, SaleEnd
from booking.recording.event_log import EventLogReader, create
from booking.recording.recorder import Recorder

BUYERS = 4


def record(folder: Path, orders: int, steps: int) -> None:
    """Write the event logs of a sound sale."""
    recorders = []
    for number in range(BUYERS):
        create(folder / str(number), number)
        recorders.append(Recorder(folder / str(number), number, None))
    for left in range(orders, 0, -1):
        recorder = recorders[left % BUYERS]
        recorder.invoke("buy")
        for _ in range(steps):
            recorder.step("read", "data.json", None)
            recorder.saw(left)
        recorder.complete(Completion("buy", "ok", left))
    for recorder in recorders:
        recorder.done()


def peak() -> int:
    """Return the most memory that this process has taken."""
    # Not what getrusage(2) says: a process inherits the peak of the one that started it.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def main() -> None:
    """Record in a child, gather and check here, as `LocalFleet` and `run_sale` do."""
    orders, steps = map(int, sys.argv[1:])
    with TemporaryDirectory() as name:
        folder = Path(name)
        pid = os.fork()
        if pid == 0:
            record(folder, orders, steps)
            os._exit(0)
        os.waitpid(pid, 0)
        before = peak()
        readers = [EventLogReader(folder / str(number), number) for number in range(BUYERS)]
        events = EventFollower(readers, NullListener()).drain([])
        events.sort(key=lambda event: event.time)
        numbered = [
            msgspec.structs.replace(event, index=index) for index, event in enumerate(events)
        ]
        verdict_on(History(orders, 0, numbered, {}, SaleEnd(started=BUYERS)), orders)
        print(peak() - before)


if __name__ == "__main__":
    main()
