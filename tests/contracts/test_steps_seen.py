"""What buyers announce is what the system sees: step by step, on every store that they share.

A driver records the steps of a purchase, and an observer what the real system beneath the store
sees: the server's log (PostgreSQL), MONITOR (Valkey), the trace of the connection (SQLite),
inotify on the folder (files), and Python's audit events for locks on files. At each step the driver
collects all that the system saw since the step before. Then these rules hold of every order:

* before the first step the system sees nothing at all;
* under one step there is at most one effect that other buyers could come before or behind. Where
  there are two, no fault plan and no explorer ever lets a buyer in between;
* under each step there is at least one thing that other buyers depend on, or a part of it.

What counts is in one table for each system, with the reason; what is in no table is an effect.
`EXCEPTIONS` has every guard that breaks a rule, and how; it must be so exactly.

Not observed: what only looks at a file's facts (stat(2)), and what one statement does in parts.
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
    Segment,
    SegmentRecorder,
    file_events,
    locks_and_connections,
    postgres_statements,
    redis_commands,
    sqlite_statements,
)
from tests.support.unheard import unheard
from tests.support.variants import GUARDS, STORES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs inotify, and /proc/self/fd")
EFFECT = "effect"  # other buyers can come before or behind it, and see a difference
WITHIN = "within"  # part of an effect that comes with a later statement, or came with an earlier
NOTHING = "nothing"  # bookkeeping: whenever it happens, no buyer sees a difference
Table = list[tuple[str, str, str]]  # a pattern for what was seen, what it is, and why
LOCKS: Table = [
    (r"flock \S+\.lock LOCK_EX", EFFECT, "takes the lock, or asks whether it is free"),
    (r"flock \S+\.lock LOCK_UN", EFFECT, "releases the lock"),
    (r"(open|create|close) \S+\.lock", NOTHING, "the file carries the lock, and is not the lock"),
]


# A statement follows its state: "alone", or "inside" a transaction. There a read is "settled" when
# an earlier statement settled its answer. A write is "held" when the transaction has locked the
# rows before.
SQL: Table = [
    (r"alone: BEGIN IMMEDIATE\b", EFFECT, "takes SQLite's one lock for writing, and the snapshot"),
    (r"alone: BEGIN\b", NOTHING, "no lock is taken and no snapshot, before the first statement"),
    (r"alone: ROLLBACK\b", NOTHING, "of no transaction"),
    (r"alone: (SET|SHOW)\b", NOTHING, "settings of this session"),
    (r"alone: SELECT pg_advisory_(un)?lock\(", EFFECT, "takes or releases the advisory lock"),
    (r"alone: SELECT\b", EFFECT, "a read"),
    (r"alone: (UPDATE|WITH)\b", EFFECT, "a write that commits by itself"),
    (r"inside: SELECT .* FOR UPDATE\b", EFFECT, "takes the lock on rows, and reads them"),
    (r"inside: SELECT\b", EFFECT, "a read: it settles its answer, or the snapshot"),
    (r"settled: SELECT\b", WITHIN, "the snapshot or the lock settled its answer before"),
    (r"inside: (UPDATE|WITH)\b", EFFECT, "takes the lock on what it writes: others wait, or pass"),
    (r"held: (UPDATE|WITH)\b", WITHIN, "no buyer sees it before COMMIT, and the row is locked"),
    (r"inside: (COMMIT|ROLLBACK)\b", EFFECT, "publishes, and releases the locks"),
]
REDIS: Table = [
    (r"lua ", WITHIN, "runs in a script, and the server runs nothing else meanwhile"),
    (r"queued ", WITHIN, "runs in EXEC, and the server runs nothing else meanwhile"),
    (r"unix (EVAL|EXEC)\b", EFFECT, "a script or transaction: one effect"),
    (r"unix MULTI\b", NOTHING, "what follows is only put into a queue"),
    (
        r"unix WATCH\b", NOTHING,
        "no buyer sees it; a write before the read makes EXEC fail, as one behind it does",
    ),
    (r"unix UNWATCH\b", NOTHING, "forgets what was watched"),
    (r"unix (PING|HELLO|CLIENT|SELECT|AUTH)\b", NOTHING, "connecting"),
    (r"unix M?GET\b", EFFECT, "a read"),
]  # fmt: skip
FILES: Table = [
    (r"access data\.json$", EFFECT, "a read"),
    (r"modify data\.json$", EFFECT, "empties or fills it"),
    (r"swap \S+\.tmp data\.json$", EFFECT, "another document is the inventory"),
    (r"move \S+\.tmp data\.json$", EFFECT, "another document is the inventory"),
    (r"(open|close) data\.json$", NOTHING, "the read or write that follows is what counts"),
    (
        r"(create|open|modify|access|close|attrib|delete) \.data\.json\.\S+\.tmp$", WITHIN,
        "the buyer's own file, which no buyer reads before it takes the inventory's place",
    ),
    (r"fcntl \.data\.json\.\S+\.tmp", NOTHING, "a lease on the buyer's own file"),
]  # fmt: skip


# How an inventory is sold out: tickets, and then orders of so many. Only the last is refused.
CASES = {
    "one-by-one": (2, [1, 1, 1]),
    "two-at-once": (4, [2, 2, 2]),  # guard shards: no counter of the four has two
    "two-wanted-one-left": (3, [2, 2]),
}
_CLAIM = ("claim", "several")
_TAKE = ("take", "several")


# A whole transaction under one step: it takes locks, then it publishes and releases them.
EXCEPTIONS: dict[tuple[str, str, str], list[list[tuple[str, str]]]] = {
    # In PostgreSQL others pass over rows that are claimed and not yet committed (SKIP LOCKED). In
    # between they get too few, count too many, and try again, CLAIMS_MAX times at most. A buyer
    # that meets a paused one there gets UnavailableError in a tenth of a second. Explored buyers
    # never do.
    ("postgres", "pool", "two-at-once"): [[_CLAIM], [_CLAIM], [_CLAIM]],
    ("postgres", "pool", "two-wanted-one-left"): [[_CLAIM], [_CLAIM]],
    # In SQLite other writers wait for the one lock meanwhile, and readers see the state before. To
    # them it is one effect, unless their time limit ends (UnavailableError).
    ("sqlite", "pool", "two-at-once"): [[_CLAIM], [_CLAIM], [_CLAIM]],
    ("sqlite", "pool", "two-wanted-one-left"): [[_CLAIM], [_CLAIM]],
    # The same with all counters: other buyers wait, in PostgreSQL for each row in turn.
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
    """Compare what was announced with what was seen."""
    breaches = []
    start, *steps = segments
    if start.seen:
        breaches.append(Violation(START, "early", start.seen))
    for segment in steps:
        kinds = [kind_of(seen, table) for seen in segment.seen]
        if kinds.count(EFFECT) > 1:
            breaches.append(Violation(segment.action, "several", segment.seen))
        if set(kinds) <= {NOTHING}:
            breaches.append(Violation(segment.action, "idle", segment.seen))
    return breaches


SYSTEMS = {
    "postgres": (postgres_statements, SQL),
    "redis": (redis_commands, REDIS),
    "sqlite": (sqlite_statements, SQL),
    "json": (file_events, FILES),
    "json-inplace": (file_events, FILES),
}


def test_there_is_an_observer_for_every_store() -> None:
    """A new store that processes share needs one, and a table; no exception is left over."""
    assert set(SYSTEMS) == set(STORES)
    cases = {(*pair.values, case) for pair in PAIRS for case in CASES}
    assert set(EXCEPTIONS) <= cases


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("store, guard", PAIRS)
def test_each_step_is_one_effect(store: str, guard: str, case: str, tmp_path: Path) -> None:
    """Nothing before the first; at most one effect under each, and at least a part of one."""
    orders = observed(store, STORES[store], guard, case, tmp_path)
    table = SYSTEMS[store][1] + LOCKS
    breaches = [violations(segments, table) for segments in orders]
    assert [[breach[:2] for breach in order] for order in breaches] == EXCEPTIONS.get(
        (store, guard, case), [[]] * len(orders)
    ), breaches


def observed(name: str, kind: Any, guard_name: str, case: str, folder: Path) -> list[list[Segment]]:
    """Sell one order after another as a buyer does; return the segments of each."""
    tickets, quantities = CASES[case]
    store: Any = kind(Place("", folder))
    lock = build("lock", default_lock(), folder / "sale.lock") if guard_name == "lock" else None
    guard: Guard = build("guard", guard_name, Kit(lock, 1.0))
    orders = []
    try:
        store.reset(tickets)
        arrange(store, guard)
        store.close()  # as before the buyers are started: each connects for itself
        with ExitStack() as stack:
            sources = [
                stack.enter_context(SYSTEMS[name][0](store, folder)),
                stack.enter_context(locks_and_connections()),
            ]
            SegmentRecorder(sources).collect()  # connecting
            for buyer, quantity in enumerate(quantities):
                recorder = SegmentRecorder(sources)
                with driven_by(recorder):
                    reply = guard.sell(store, Order(buyer, quantity))
                recorder.collect()
                orders.append((reply.type, recorder.segments))
    finally:
        store.close()
    assert [reply for reply, _ in orders] == ["ok"] * (len(quantities) - 1) + ["fail"]
    return [segments for _, segments in orders]


class WritesTwice:
    """A store that writes once more than it announces."""

    def write(self, remaining: int) -> None:
        super().write(remaining)  # type: ignore[misc]
        with unheard():
            super().write(remaining)  # type: ignore[misc]


class WritesUnheard:
    """A store that announces no write."""

    def write(self, remaining: int) -> None:
        with unheard():
            super().write(remaining)  # type: ignore[misc]


class ReadsFirst:
    """A store that reads before it announces a read."""

    def read(self) -> int:
        with unheard():
            super().read()  # type: ignore[misc]
        count: int = super().read()  # type: ignore[misc]
        return count


class AnnouncesTooMuch:
    """A store that announces a read that it does not do."""

    def read(self) -> int:
        step("read", "what no buyer reads")
        count: int = super().read()  # type: ignore[misc]
        return count


@pytest.mark.parametrize(
    "fault, rule, action",
    [
        (WritesTwice, "several", "write"),
        (WritesUnheard, "several", "read"),
        (ReadsFirst, "early", START),
        (AnnouncesTooMuch, "idle", "read"),
    ],
)
@pytest.mark.parametrize("store", STORES)
def test_a_store_that_announces_other_effects_than_its_own_is_found(
    store: str, fault: type, rule: str, action: str, tmp_path: Path
) -> None:
    """The test above can fail, by each of its rules, and names the step."""
    kind = type(fault.__name__, (fault, STORES[store]), {})
    orders = observed(store, kind, "none", "one-by-one", tmp_path)
    breaches = violations(orders[0], SYSTEMS[store][1] + LOCKS)
    action = "replace" if (store, action) == ("json", "write") else action
    assert [breach[:2] for breach in breaches] == [(action, rule)], breaches


class FillsAtOnce(JsonInplaceStore):
    """A store that announces one effect where it truncates and fills its file."""

    def write(self, remaining: int) -> None:
        step("truncate", self.resource, remaining)
        self.path.write_bytes(self._known_frame().render(remaining))


class FillsInParts(JsonInplaceStore):
    """A store that announces one effect where it fills its file in two parts."""

    def write(self, remaining: int) -> None:
        step("truncate", self.resource)
        with self.path.open("wb", buffering=0) as file:
            step("write", self.resource, remaining)
            for part in (b'{"ticket_num": ', b"%d}" % remaining):
                file.write(part)


@pytest.mark.parametrize("store, action", [(FillsAtOnce, "truncate"), (FillsInParts, "write")])
def test_writes_in_a_row_are_told_apart(store: type, action: str, tmp_path: Path) -> None:
    """Each is observed, though the kernel reports equal events in a row once."""
    orders = observed("json-inplace", store, "none", "one-by-one", tmp_path)
    breaches = violations(orders[0], FILES)
    assert [breach[:2] for breach in breaches] == [(action, "several")], breaches
