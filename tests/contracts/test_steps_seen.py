"""What buyers announce is what the system sees: step by step, on every store that they share.

A driver of the seam listens to a purchase, and something else listens to the system beneath the
store, which is the real one: the server's own log (PostgreSQL), MONITOR (Valkey), the trace of the
connection (SQLite), inotify on the folder (files), and Python's audit events for locks on files.
At each step all that the system saw since the step before is taken down, so that it is known under
which step it fell. Then these hold of every order:

* before the first step the system sees nothing at all;
* under one step there is one effect at most that others could come before or behind: where there
  are two, no fault plan and no explorer ever lets any buyer in between;
* under each step there is at least one thing that others depend on, or belongs to what they will.

What counts is in one table for each system, with the reason; what is in no table is an effect.
Where a guard does not keep to it, that is written down in `EXCEPTIONS`, and must be so exactly.

Not heard: what only looks at a file's facts (stat(2)), and what one statement does in parts.
"""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from booking.core.assembly import arrange
from booking.core.catalogue import carries
from booking.core.protocols import Guard, Kit, Order, Place, Staffed
from booking.core.registry import build, default_lock
from booking.core.steps import driven_by, step
from booking.stores.json_inplace import JsonInplaceStore
from tests.support.observers import (
    START,
    CallMonitor,
    Deaf,
    Segment,
    file_events,
    locks_and_connections,
    postgres_statements,
    redis_commands,
    sqlite_statements,
)
from tests.support.variants import GUARDS, STORES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs inotify, and /proc/self/fd")
EFFECT = "effect"  # others can come before or behind it, and one of the two sees a difference
WITHIN = "within"  # part of an effect that comes with a later statement, or came with an earlier
NOTHING = "nothing"  # bookkeeping: whenever it happens, no buyer sees a difference
Table = list[tuple[str, str, str]]  # a pattern for what was seen, what it is, and why
LOCKS: Table = [
    (r"flock \S+\.lock LOCK_EX", EFFECT, "takes the lock, or asks whether it is free"),
    (r"flock \S+\.lock LOCK_UN", EFFECT, "gives back the lock"),
    (r"(open|create|close) \S+\.lock", NOTHING, "the file is where the lock hangs, not the lock"),
]


# Statements stand behind where they stand: "alone", or in a transaction: "inside"; or there
# "settled", a read whose answer was settled by an earlier statement, or "held", a write to rows
# which that transaction has locked by then.
SQL: Table = [
    (r"alone: BEGIN IMMEDIATE\b", EFFECT, "takes SQLite's one lock for writing, and the snapshot"),
    (r"alone: BEGIN\b", NOTHING, "no lock is taken and no snapshot, before the first statement"),
    (r"alone: ROLLBACK\b", NOTHING, "of no transaction"),
    (r"alone: (SET|SHOW)\b", NOTHING, "settings of this session"),
    (r"alone: SELECT pg_advisory_(un)?lock\(", EFFECT, "takes or gives the advisory lock"),
    (r"alone: SELECT\b", EFFECT, "a read"),
    (r"alone: (UPDATE|WITH)\b", EFFECT, "a write that commits by itself"),
    (r"inside: SELECT .* FOR UPDATE\b", EFFECT, "takes the lock on rows, and reads them"),
    (r"inside: SELECT\b", EFFECT, "a read: what it gives, or the snapshot, is settled by it"),
    (r"settled: SELECT\b", WITHIN, "it gives what the snapshot or the lock settled before"),
    (r"inside: (UPDATE|WITH)\b", EFFECT, "takes the lock on what it writes: others wait, or pass"),
    (
        r"held: (UPDATE|WITH)\b",
        WITHIN,
        "no buyer sees it before COMMIT, and the lock is had already",
    ),
    (r"inside: (COMMIT|ROLLBACK)\b", EFFECT, "publishes, and gives back the locks"),
]
REDIS: Table = [
    (r"lua ", WITHIN, "runs in a script, and the server runs nothing else meanwhile"),
    (r"queued ", WITHIN, "runs in EXEC, and the server runs nothing else meanwhile"),
    (r"unix (EVAL|EXEC)\b", EFFECT, "a script or transaction: one effect"),
    (r"unix MULTI\b", NOTHING, "what follows is only put into a queue"),
    (
        r"unix WATCH\b", NOTHING,
        "no buyer sees it; who writes between it and the read makes EXEC fail, as behind it",
    ),
    (r"unix UNWATCH\b", NOTHING, "forgets what was watched"),
    (r"unix (PING|HELLO|CLIENT|SELECT|AUTH)\b", NOTHING, "connecting"),
    (r"unix M?GET\b", EFFECT, "a read"),
]  # fmt: skip
FILES: Table = [
    (r"access data\.json$", EFFECT, "a read"),
    (r"modify data\.json$", EFFECT, "empties or fills it"),
    (r"exchange \S+\.tmp data\.json$", EFFECT, "another document is the inventory"),
    (r"move \S+\.tmp data\.json$", EFFECT, "another document is the inventory"),
    (r"(open|close) data\.json$", NOTHING, "the read or write that follows is what counts"),
    (
        r"(create|open|modify|access|close|attrib|delete) \.data\.json\.\S+\.tmp$", WITHIN,
        "the buyer's own file, which no buyer reads before it takes the inventory's place",
    ),
    (r"fcntl \.data\.json\.\S+\.tmp", NOTHING, "a lease on the buyer's own file"),
]  # fmt: skip


# How an inventory is sold out: tickets, and then orders of so many. The first sells, the last not.
CASES = {
    "one-by-one": (2, [1, 1, 1]),
    "two-at-once": (4, [2, 2, 2]),  # guard shards: no counter of the four has two
    "two-wanted-one-left": (3, [2, 2]),
}
_CLAIM = ("claim", "several")
_TAKE = ("take", "several")


# A whole transaction under one step: it takes locks, and then it publishes and gives them back.
EXCEPTIONS: dict[tuple[str, str, str], list[list[tuple[str, str]]]] = {
    # In PostgreSQL others pass over rows that are claimed and not yet committed (SKIP LOCKED): in
    # between they find too few, count too many, and look again, CLAIMS_MAX times at most: who meets
    # a paused buyer there gets UnavailableError in a tenth of a second. Explored buyers never do.
    ("postgres", "pool", "two-at-once"): [[_CLAIM], [_CLAIM], [_CLAIM]],
    ("postgres", "pool", "two-wanted-one-left"): [[_CLAIM], [_CLAIM]],
    # In SQLite others who write wait for the one lock meanwhile, and those who read see the state
    # before: to them it is one effect, unless their patience ends (UnavailableError).
    ("sqlite", "pool", "two-at-once"): [[_CLAIM], [_CLAIM], [_CLAIM]],
    ("sqlite", "pool", "two-wanted-one-left"): [[_CLAIM], [_CLAIM]],
    # The same with all counters: others who want to take wait. In PostgreSQL for each row in turn.
    ("postgres", "shards", "two-at-once"): [[_TAKE], [_TAKE], [_TAKE]],
    ("postgres", "shards", "two-wanted-one-left"): [[_TAKE], [_TAKE]],
    ("sqlite", "shards", "two-at-once"): [[_TAKE], [_TAKE], [_TAKE]],
    ("sqlite", "shards", "two-wanted-one-left"): [[_TAKE], [_TAKE]],
}
PAIRS = [
    pytest.param(store, guard, id=f"{store}-{guard}")
    for store in STORES
    for guard in GUARDS
    if carries(STORES[store], GUARDS[guard]) and not issubclass(GUARDS[guard], Staffed)
]


class Violation(NamedTuple):
    action: str
    rule: str  # "early", "several" or "idle"
    seen: list[str]


def kind_of(seen: str, table: Table) -> str:
    """Classify what the system saw: the first row that fits; what fits none is an effect."""
    fitting = (kind for pattern, kind, _why in table if re.match(pattern, seen))
    return next(fitting, EFFECT)


def violations(segments: list[Segment], table: Table) -> list[Violation]:
    """Hold what was announced against what was seen."""
    found = []
    start, *steps = segments
    if start.seen:
        found.append(Violation(START, "early", start.seen))
    for segment in steps:
        kinds = [kind_of(seen, table) for seen in segment.seen]
        if kinds.count(EFFECT) > 1:
            found.append(Violation(segment.action, "several", segment.seen))
        if set(kinds) <= {NOTHING}:
            found.append(Violation(segment.action, "idle", segment.seen))
    return found


SYSTEMS = {
    "postgres": (postgres_statements, SQL),
    "redis": (redis_commands, REDIS),
    "sqlite": (sqlite_statements, SQL),
    "json": (file_events, FILES),
    "json-inplace": (file_events, FILES),
}


def test_there_is_an_ear_for_every_store() -> None:
    """A new store that processes share needs one, and a table; no exception is left over."""
    assert set(SYSTEMS) == set(STORES)
    there = {(*pair.values, case) for pair in PAIRS for case in CASES}
    assert set(EXCEPTIONS) <= there


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("store, guard", PAIRS)
def test_each_step_is_one_effect(store: str, guard: str, case: str, tmp_path: Path) -> None:
    """Nothing before the first, one effect at most and something at least under each."""
    orders = listened(store, STORES[store], guard, case, tmp_path)
    table = SYSTEMS[store][1] + LOCKS
    found = [violations(segments, table) for segments in orders]
    assert [[(one.action, one.rule) for one in order] for order in found] == EXCEPTIONS.get(
        (store, guard, case), [[]] * len(orders)
    ), found


def listened(name: str, kind: Any, guard_name: str, case: str, folder: Path) -> list[list[Segment]]:
    """Sell one order after another as a buyer does; give the segments of each."""
    tickets, quantities = CASES[case]
    store: Any = kind(Place("", folder))
    lock = build("lock", default_lock(), folder / "sale.lock") if guard_name == "lock" else None
    guard: Guard = build("guard", guard_name, Kit(lock, 1.0))
    orders = []
    try:
        store.reset(tickets)
        arrange(store, guard)
        store.close()  # as before buyers are started, who connect for themselves
        with ExitStack() as stack:
            ears = [
                stack.enter_context(SYSTEMS[name][0](store, folder)),
                stack.enter_context(locks_and_connections()),
            ]
            CallMonitor(ears).take_down()  # connecting
            for buyer, quantity in enumerate(quantities):
                listener = CallMonitor(ears)
                with driven_by(listener):
                    reply = guard.sell(store, Order(buyer, quantity))
                listener.take_down()
                orders.append((reply.type, listener.segments))
    finally:
        store.close()
    assert [reply for reply, _ in orders] == ["ok"] * (len(quantities) - 1) + ["fail"]
    return [segments for _, segments in orders]


class WritesTwice:
    """A store that writes once more than it says."""

    def write(self, remaining: int) -> None:
        super().write(remaining)  # type: ignore[misc]
        with driven_by(Deaf()):
            super().write(remaining)  # type: ignore[misc]


class WritesUnheard:
    """A store that writes and does not say so."""

    def write(self, remaining: int) -> None:
        with driven_by(Deaf()):
            super().write(remaining)  # type: ignore[misc]


class LooksFirst:
    """A store that has read before it says so."""

    def read(self) -> int:
        with driven_by(Deaf()):
            super().read()  # type: ignore[misc]
        count: int = super().read()  # type: ignore[misc]
        return count


class SaysTooMuch:
    """A store that says that it does what it does not."""

    def read(self) -> int:
        step("read", "what no buyer reads")
        count: int = super().read()  # type: ignore[misc]
        return count


@pytest.mark.parametrize(
    "fault, rule, action",
    [
        (WritesTwice, "several", "write"),
        (WritesUnheard, "several", "read"),
        (LooksFirst, "early", START),
        (SaysTooMuch, "idle", "read"),
    ],
)
@pytest.mark.parametrize("store", STORES)
def test_a_store_that_does_not_say_what_it_does_is_found(
    store: str, fault: type, rule: str, action: str, tmp_path: Path
) -> None:
    """The test above can fail, by each of its rules, and names the step."""
    kind = type(fault.__name__, (fault, STORES[store]), {})
    orders = listened(store, kind, "none", "one-by-one", tmp_path)
    found = violations(orders[0], SYSTEMS[store][1] + LOCKS)
    action = "replace" if (store, action) == ("json", "write") else action
    assert [(one.action, one.rule) for one in found] == [(action, rule)], found


class FillsAtOnce(JsonInplaceStore):
    """A store that takes emptying and filling its file for one effect."""

    def write(self, remaining: int) -> None:
        step("truncate", self.resource, remaining)
        self.path.write_bytes(self._known_frame().render(remaining))


class FillsInParts(JsonInplaceStore):
    """A store that takes filling its file for one effect, and writes it in two parts."""

    def write(self, remaining: int) -> None:
        step("truncate", self.resource)
        with self.path.open("wb", buffering=0) as file:
            step("write", self.resource, remaining)
            for byte in (b'{"ticket_num": ', b"%d}" % remaining):
                file.write(byte)


@pytest.mark.parametrize("store, action", [(FillsAtOnce, "truncate"), (FillsInParts, "write")])
def test_writes_in_a_row_are_told_apart(store: type, action: str, tmp_path: Path) -> None:
    """Each is heard, though it is the same to the same file."""
    orders = listened("json-inplace", store, "none", "one-by-one", tmp_path)
    found = violations(orders[0], FILES)
    assert [(one.action, one.rule) for one in found] == [(action, "several")], found
