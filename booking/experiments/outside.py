"""Find changes of an inventory during a sale that none of its buyers made.

Some are noted while the sale runs: a purchase by hand that joined, another document in the file, a
file that was gone (`booking.stores.common.run_lock`). The others follow from the steps. Every count
that a buyer was shown must have been stored by a step, early enough and not long since replaced by
another one. What no step stored, another program did.

That holds for our own stores, which show what they hold. A store of the user's may be at fault.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from booking.core.assembly import Assembly
from booking.core.order_execution import TORN_READ
from booking.core.registry import BUILT_IN
from booking.core.verdict import AnomalyName, Outcome, Verdict
from booking.history.actions import READS, Action
from booking.history.model import Event, History
from booking.stores.common.run_lock import Note

# A write is seen at once, and certain once its process goes on. In a database it may be part of a
# transaction, which is seen later or undone.
FILES = frozenset({"json", "json-inplace"})
# Guards under which each step on the inventory reads or stores the one count.
ONE_COUNT = frozenset(
    {
        "none", "lock", "queue", "clerk", "atomic", "optimistic", "row-lock", "advisory",
        "serializable", "backstop", "compensate", "lease", "lease-fenced",
    }
)  # fmt: skip
_STORES = frozenset({Action.WRITE, Action.REPLACE, Action.COMPARE_AND_SET})
_CHANGES = frozenset({Action.TAKE, Action.ADD})
_IGNORED = frozenset({Action.ACQUIRE, Action.RELEASE, Action.SEND, Action.RECEIVE, Action.TRUNCATE})
# What steps and processes show, whatever the counts are.
OF_STEPS = frozenset(
    {
        AnomalyName.HANG, AnomalyName.STALE_LOCK, AnomalyName.UNLOCK_BEFORE_WRITE,
        AnomalyName.FENCED_OUT_WRITE,
    }
)  # fmt: skip
MS = 1_000_000
SHOWN_MAX = 20  # one change may be met by every buyer, again and again


@dataclass(frozen=True, slots=True)
class _Effect:
    """One count that was stored or shown, and between which times that took effect."""

    count: int
    from_ns: float
    to_ns: float
    who: str = ""


@dataclass(slots=True)
class _Effects:
    """All counts that a sale's steps stored and were shown; not `known` where one is uncertain."""

    stored: list[_Effect] = field(default_factory=list)
    certain: list[_Effect] = field(default_factory=list)  # of `stored`
    shown: list[_Effect] = field(default_factory=list)
    truncated: list[tuple[float, float]] = field(default_factory=list)
    torn: list[_Effect] = field(default_factory=list)
    known: bool = True

    def store(self, effect: _Effect, *, certain: bool) -> None:
        self.stored.append(effect)
        if certain:
            self.certain.append(effect)


def outside_changes(assembly: Assembly, history: History, notes: Sequence[Note]) -> list[str]:
    """Return what changed the inventory from outside, a clause each: noted changes first.

    Of many the first ones.
    """
    if not assembly.location or assembly.store_name not in BUILT_IN["store"]:
        return [_purchase(note) for note in notes if note.bought is not None]
    return _told(assembly, history, notes)[:SHOWN_MAX]


def _told(assembly: Assembly, history: History, notes: Sequence[Note]) -> list[str]:
    opened_ns = history.end.opened_ns
    told = [_purchase(note) for note in notes if note.bought is not None]
    told += [f"{note.text}{_when(note.ns, opened_ns)}" for note in notes if note.text is not None]
    if not shows_outside_changes(assembly):
        return told
    displaced = [
        _Effect(note.count, note.ns, note.until_ns, "a buyer replaced {}")
        for note in notes
        if note.count is not None
    ]
    return told + unexplained(history, displaced, files=assembly.store_name in FILES)


def shows_outside_changes(assembly: Assembly) -> bool:
    """Return whether the steps of such a sale show what other programs change."""
    if assembly.store_name not in BUILT_IN["store"] or not assembly.store_traits.shared:
        return False
    return assembly.store_name in FILES or assembly.scenario.guard in ONE_COUNT


def with_doubt(verdict: Verdict, assembly: Assembly, history: History) -> Verdict:
    """Add to `invalid` that another program may be guilty, where nothing could show that.

    Without evidence for one the guard is accused: that is what a sale is run for.
    """
    if not assembly.location or verdict.outcome is not Outcome.INVALID or history.end.outside:
        return verdict
    if all(anomaly.name in OF_STEPS for anomaly in verdict.anomalies):
        return verdict
    files = assembly.store_name in FILES
    if shows_outside_changes(assembly) and _effects(history, files=files).known:
        return verdict
    doubt = "another program that changed the inventory meanwhile would look the same"
    return replace(verdict, reason=f"{verdict.reason}; {doubt}")


def unexplained(history: History, displaced: Sequence[_Effect] = (), *, files: bool) -> list[str]:
    """Return each count that was shown and that no step can have stored."""
    effects = _effects(history, files=files)
    if not effects.known:
        return []
    opened_ns = history.end.opened_ns
    shown = [*effects.shown, *displaced]
    if history.remaining is not None:
        shown.append(_Effect(history.remaining, inf, inf, "the count at the end is {}"))
    register = _Register(effects)
    said = [
        f"{one.who.format(one.count)}{_when(one.from_ns, opened_ns)}, which no buyer had left there"
        for one in shown
        if not register.explains(one)
    ]
    return said + [
        f"{one.who}{_when(one.from_ns, opened_ns)}, while no buyer was writing it"
        for one in effects.torn
        if not any(start <= one.to_ns and one.from_ns <= end for start, end in effects.truncated)
    ]


class _Register:
    """The counts that were stored, to tell whether one can have been there at some time."""

    def __init__(self, effects: _Effects) -> None:
        self._by_count: dict[int, list[_Effect]] = {}
        for one in effects.stored:
            self._by_count.setdefault(one.count, []).append(one)
        ended = sorted(effects.certain, key=lambda one: one.to_ns)
        self._ends = [one.to_ns for one in ended]
        self._latest: list[float] = []  # of the first n to end, the latest begin
        for one in ended:
            self._latest.append(max(one.from_ns, self._latest[-1] if self._latest else -inf))

    def explains(self, shown: _Effect) -> bool:
        """Return whether a count was stored before it was shown, and not surely replaced by then.

        It was where another one was stored wholly after it and wholly before.
        """
        before = bisect_left(self._ends, shown.from_ns)
        replaced_ns = self._latest[before - 1] if before else -inf
        return any(
            one.to_ns >= replaced_ns and one.from_ns <= shown.to_ns
            for one in self._by_count.get(shown.count, ())
        )


def _effects(history: History, *, files: bool) -> _Effects:
    effects = _Effects()
    effects.store(_Effect(history.tickets or 0, -inf, -inf), certain=True)
    for events in _by_process(history.events):
        _add(effects, events, files=files)
    if any(event.type == "info" for event in history.events):  # what failed may not be stored
        effects.certain.clear()
    return effects


def _by_process(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield the events of each process, in the order of time."""
    own: dict[int | str, list[Event]] = {}
    for event in events:
        own.setdefault(event.process, []).append(event)
    yield from own.values()


def _add(effects: _Effects, events: Sequence[Event], *, files: bool) -> None:
    """Add the effects of one process; each lies between its step and the next event."""
    quantity, read_ns, truncated_ns = 1, inf, None
    for at, event in enumerate(events):
        if event.type == "invoke":
            quantity = event.quantity
        following = events[at + 1] if at + 1 < len(events) else None
        if event.type == "fail" and event.error == TORN_READ and files:
            effects.torn.append(
                _Effect(0, read_ns, event.time, f"buyer {event.process} found no count")
            )
        if event.type != "step":
            continue
        end_ns = _end_ns(events, at, files=files)
        if event.f == Action.TRUNCATE:
            truncated_ns = event.time
        if event.f in READS:
            read_ns = event.time
        if event.f == Action.WRITE and truncated_ns is not None:
            effects.truncated.append((truncated_ns, end_ns))
            truncated_ns = None
        goes_on = following is not None and following.type != "info"
        _add_step(effects, event, quantity, end_ns, goes_on, files=files)
    if truncated_ns is not None:
        effects.truncated.append((truncated_ns, inf))


def _end_ns(events: Sequence[Event], at: int, *, files: bool) -> float:
    """Return until when a step took effect: of a transaction, until its operation completed."""
    for event in events[at + 1 :]:
        if files or event.type != "step":
            return event.time
    return inf


def _add_step(
    effects: _Effects, step: Event, quantity: int, end_ns: float, goes_on: bool, *, files: bool
) -> None:
    """Add what one step stored and was shown."""
    who = f"buyer {step.process} found {{}}" if step.process != "clerk" else "the clerk found {}"

    def effect(count: int) -> _Effect:
        return _Effect(count, step.time, end_ns, who)

    value = None if step.value is None else int(step.value)
    if step.f in READS:
        effects.shown += [] if step.saw is None else [effect(step.saw)]
    elif step.f in _STORES and value is not None:
        if step.saw != 0:  # it was not refused
            effects.store(effect(value), certain=files and goes_on)
    elif step.f == Action.RELEASE and value is not None:  # a commit
        effects.store(effect(value), certain=False)
    elif step.f in _CHANGES:
        after = _after(step, quantity)
        effects.known &= goes_on and (step.f == Action.TAKE or after is not None)
        if after is not None and step.saw is not None:
            before = step.saw if step.f == Action.TAKE else after - (value or 0)
            effects.shown.append(effect(before))
            effects.store(effect(after), certain=True)
    elif step.f not in _IGNORED:
        effects.known = False


def _after(step: Event, quantity: int) -> int | None:
    """Return the count that a change left: a take sees the one before, an add the one after."""
    if step.saw is None:
        return None
    return step.saw - quantity if step.f == Action.TAKE else step.saw


def _purchase(note: Note) -> str:
    tickets = "1 ticket" if note.bought == 1 else f"{note.bought} tickets"
    return f"booking buy (process {note.pid}) came for {tickets}"


def _when(ns: float, opened_ns: int) -> str:
    """Return how long after the start that was; nothing for the end."""
    return "" if ns == inf else f", {max(0, (ns - opened_ns) / MS):.0f} ms after the start"
