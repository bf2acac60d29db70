"""What happened in a sale: events with Jepsen's keys, one a line as JSON.

A sale's history begins with a line `"f": "sale"` and ends with a line `"f": "end"`; between
them are operations (`invoke`, then `ok`, `fail` or `info`) and the steps they were made of
(`"type": "step"`). Another tool's history needs only the operations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

HARNESS = "harness"  # the process that no buyer is


class Event(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """One line of a history.

    `process` is the buyer's number, or "harness". `type` is `invoke`, `ok`, `fail`, `info`, or
    `step`. `f` is `buy` or `search`, for a step its action, and `sale` and `end` for the frame.
    `value`: a search's count, a bought ticket's number (the highest, for several), what a step
    stores. `time` is in nanoseconds of one monotonic clock.
    """

    index: int
    process: int | str
    type: str
    f: str
    value: Any = None
    time: int = 0
    error: str | None = None
    quantity: int = 1  # tickets ordered; only on `buy`
    resource: str | None = None  # what a step touches
    saw: int | None = None  # what a step gave: the count read, 1 or 0 for a lock had or not
    pid: int | None = None
    ppid: int | None = None
    key: str | int | None = None  # which inventory, where a sale has several
    intent: str | int | None = None  # what the buyer meant once, however often it was sent


@dataclass(frozen=True, slots=True)
class Operation:
    """One order or one search, from its invocation to its completion (None: never)."""

    invoke: Event
    complete: Event | None

    @property
    def outcome(self) -> str:
        """`ok`, `fail` or `info`: an operation that never completed may have happened."""
        return self.complete.type if self.complete else "info"


@dataclass(slots=True)
class History:
    """All events of one sale, in the order of time, and what the harness knew around them.

    Events are numbered from 1: a file's line 0 is the sale.
    """

    tickets: int | None  # at the start
    remaining: int | None  # at the end; None where it could not be read
    events: list[Event] = field(default_factory=list)
    sale: dict[str, Any] = field(default_factory=dict)  # the scenario, as its first line has it
    end: dict[str, Any] = field(default_factory=dict)  # what became of the processes

    def operations(self) -> list[Operation]:
        """Pair invocations with completions, in the order of invocation."""
        pending: dict[int | str, int] = {}
        pairs: list[tuple[Event, Event | None]] = []
        for event in self.events:
            if event.type == "invoke":
                pending[event.process] = len(pairs)
                pairs.append((event, None))
            elif event.type in {"ok", "fail", "info"} and event.process in pending:
                at = pending.pop(event.process)
                pairs[at] = (pairs[at][0], event)
        return [Operation(invoke, complete) for invoke, complete in pairs]

    def steps(self) -> list[Event]:
        """The steps, in the order of time."""
        return [event for event in self.events if event.type == "step"]


def frame(history: History) -> Iterable[Event]:
    """Give the history's events between its first line, the sale, and its last, the end."""
    first = history.events[0].time if history.events else 0
    last = history.events[-1].time if history.events else 0
    sale = {**history.sale, "tickets": history.tickets}
    end = {**history.end, "remaining": history.remaining}
    yield Event(0, HARNESS, "info", "sale", sale, first)
    yield from history.events
    yield Event(len(history.events) + 1, HARNESS, "info", "end", end, last)


def dump(history: History, path: Path) -> None:
    """Write a history as JSON lines; an existing file is replaced, never half-written.

    What a link points to is replaced, and what is no regular file (a pipe, a device) written to.
    """
    path = path.resolve()
    direct = path.exists() and not path.is_file()
    partial = path if direct else path.with_name(path.name + ".partial")
    encoder = msgspec.json.Encoder()
    with partial.open("wb") as lines:
        for event in frame(history):
            lines.write(encoder.encode(event) + b"\n")
    if not direct:
        partial.replace(path)
