"""The history of a sale: events with Jepsen's keys, one a line as JSON.

A sale's history begins with a line `"f": "sale"` and ends with a line `"f": "end"`; between
them are operations (`invoke`, then `ok`, `fail` or `info`) and the steps they were made of
(`"type": "step"`). Another tool's history needs only the operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

HARNESS = "harness"  # the process that no buyer is
NO_CLIENTS = frozenset({HARNESS, "nemesis", ":nemesis"})  # what they do is no operation
FRAME = frozenset({"sale", "end"})  # the first line and the last
VERSION = 1  # of the format of files; a newer one is refused by the reader


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
    time: int = msgspec.field(default_factory=int)  # 0, and always written
    error: str | None = None
    quantity: int = 1  # tickets ordered; only on `buy`
    resource: str | None = None  # what a step touches
    saw: int | None = None  # what a step gave: the count read, 1 or 0 for a lock had or not
    pid: int | None = None
    ppid: int | None = None
    key: str | int | None = None  # which inventory, where a sale has several
    intent: str | int | None = None  # what the buyer meant once, however often it was sent


class Wait(msgspec.Struct, frozen=True):
    """What a hung buyer waited for: its last step, and who held the lock that this step wanted."""

    buyer: int | str
    step: str | None = None
    resource: str | None = None
    holder: int | str | None = None  # None: the step waits for no lock that a process holds


class SaleEnd(msgspec.Struct, kw_only=True, frozen=True):
    """What became of a sale's processes, and its counts: the value of a history's last line.

    Processes are buyers' numbers, or the name of a helper (`clerk`). Times are nanoseconds of
    the events' clock. An unset field was not recorded, and is not written.
    """

    harness_pid: int = 0
    started: int = 0  # buyers
    started_ns: int = 0
    opened_ns: int = 0
    ended_ns: int = 0
    crashed: Mapping[int | str, str] | UnsetType = UNSET  # how each process died
    clerks: int = 0
    struck: Mapping[int, int | str] = {}  # which process each fault of the plan met
    planned: Sequence[int | str] = []  # the processes that died as the fault plan says
    closed: Mapping[int, int | None] = {}  # exit codes of buyers that the harness ended
    hung: Sequence[int | str] = []  # stopped in the middle of an operation
    silent: Sequence[int | str] = []  # stopped between two operations
    unlogged: Sequence[int | str] = []  # their event logs are missing, or cut short
    unanswered: Sequence[str] = []  # servers that did not answer when buyers took no step
    outside: Sequence[str] = []  # changes of the inventory that no buyer made
    let_in: Sequence[str] = []  # a sentence for each buyer that a lock let in beside its holder
    waits: Sequence[Wait] = []
    alive: int = 0
    zombies: int = 0
    orphans: int = 0
    inventories: Mapping[Any, int] | UnsetType = UNSET  # counts at the end, where several
    remaining: int | None = None  # count at the end; `dump` fills it in

    @property
    def has_counts(self) -> bool:
        """Whether it records how many tickets were left."""
        return self.remaining is not None or bool(self.inventories)

    @property
    def deaths(self) -> Mapping[int | str, str]:
        """How each process died; empty where that was not recorded."""
        return self.crashed or {}


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
    end: SaleEnd = field(default_factory=SaleEnd)

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
        """Return the steps, in the order of time."""
        return [event for event in self.events if event.type == "step"]


def frame(history: History) -> Iterable[Event]:
    """Yield the history's lines: the sale, the events, the end."""
    first = history.events[0].time if history.events else 0
    last = history.events[-1].time if history.events else 0
    sale = {"version": VERSION, **history.sale, "tickets": history.tickets}
    end = msgspec.structs.replace(history.end, remaining=history.remaining)
    yield Event(0, HARNESS, "info", "sale", sale, first)
    yield from history.events
    yield Event(len(history.events) + 1, HARNESS, "info", "end", end, last)


def dump(history: History, path: Path, option: str = "--history") -> None:
    """Write a history as JSON lines, whole; an error names the option that asked for it."""
    from booking.system.output import write_output  # Windows, where `check` runs, has no part of it

    encoder = msgspec.json.Encoder()
    write_output(option, path, (encoder.encode(event) + b"\n" for event in frame(history)))
