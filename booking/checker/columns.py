"""A history as plain columns: what the check needs of it, and no object for each event.

Two million `Event`s weigh more than the check itself takes. So events are paired as they
stream by, and what the check needs of each operation goes into parallel lists, one set for
each inventory (`Event.key`). Times are nanoseconds, counts are tickets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from booking.core.protocols import SOLD_OUT
from booking.errors import HistoryError
from booking.history.frame import FrameError, end_of, sale_of
from booking.history.model import HARNESS, Event, SaleEnd

STEPS_MAX = 1_000_000  # more are counted, not kept: they tell causes, not verdicts
TORN_READ = "torn-read"

_DEFINITE = frozenset({"ok", "fail"})

Key = str | int | None
Numbers = Literal["before", "after", "seat", "none"]


class Contradiction(HistoryError):  # noqa: N818 - the word people know
    """An event that cannot follow the ones before it."""

    def __init__(self, event: Event, why: str) -> None:
        super().__init__(f"event {event.index}: {why}")
        self.event = event
        self.why = why


@dataclass(frozen=True, slots=True)
class Naming:
    """What another tool's words mean in ours.

    `numbers` says what an ok buy's value is: the count `before` it (ours), the count `after`
    it, a `seat` (an identity without an order), or nothing of use. `counting` "up" means that
    the counter counts the tickets sold and not those left.
    """

    buy: str = "buy"
    observe: str = "search"
    refund: str = "refund"
    sold_out: str = SOLD_OUT
    counting: Literal["up", "down"] = "down"
    numbers: Numbers = "before"


@dataclass(slots=True)
class Orders:
    """Buys or refunds, a row each; `number` is what an ok buy answered, None where nothing."""

    invoked: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)  # empty where the outcome is unknown
    quantity: list[int] = field(default_factory=list)
    number: list[int | None] = field(default_factory=list)
    process: list[int | str] = field(default_factory=list)
    index: list[int] = field(default_factory=list)  # of the invocation
    done: list[int] = field(default_factory=list)  # of the completion; -1: there is none
    error: list[str] = field(default_factory=list)  # only where an order was refused


@dataclass(slots=True)
class Sightings:
    """Searches that answered `value`, or sold-outs that did so to an order of `value` tickets."""

    invoked: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    process: list[int | str] = field(default_factory=list)
    index: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Inventory:
    """All that happened to one count of tickets."""

    key: Key = None
    tickets: int | None = None
    remaining: int | None = None
    sold: Orders = field(default_factory=Orders)
    maybe: Orders = field(default_factory=Orders)  # outcome unknown: may have happened
    refused: Orders = field(default_factory=Orders)  # did not happen, for another reason
    refunded: Orders = field(default_factory=Orders)
    maybe_refunded: Orders = field(default_factory=Orders)
    searches: Sightings = field(default_factory=Sightings)
    sold_outs: Sightings = field(default_factory=Sightings)
    torn: Sightings = field(
        default_factory=Sightings
    )  # reads of a half-written inventory; no value
    intents: dict[str | int, list[tuple[bool, Event, Event | None]]] = field(default_factory=dict)


class Columns:
    """Events go in through `feed`, in the order they happened; `close` when there are no more.

    Raises `Contradiction`, naming the event, where a history contradicts itself: a completion
    without an invocation, or before it; a process that does two things at a time.
    """

    def __init__(
        self,
        naming: Naming | None = None,
        tickets: int | None = None,
        remaining: int | None = None,
    ) -> None:
        self.naming = naming or Naming()
        self.tickets = tickets
        self.remaining = remaining
        self.sale: dict[str, Any] = {}
        self.end = SaleEnd()
        self.steps: list[Event] = []
        self.steps_left_out = 0
        self.inventories: dict[Key, Inventory] = {}
        self.outcomes = {"ok": 0, "fail": 0, "info": 0}
        self.notes: list[str] = []  # what the reader has to say about the history
        self._pending: dict[int | str, Event] = {}
        self.strangers: set[str] = set()  # operations that are neither orders nor searches
        self._harness: set[str] = {HARNESS, "nemesis", ":nemesis"}

    def feed(self, events: Iterable[Event]) -> None:  # noqa: C901, PLR0912, PLR0915
        """Take in more events. The hot path: calls in it would take longer than all the rest."""
        pending = self._pending
        naming = self.naming
        buy, observe, enough = naming.buy, naming.observe, naming.sold_out
        numbered = naming.numbers != "none"
        key: Key = None
        here: Inventory | None = None
        oks = fails = 0
        for event in events:
            kind = event.type
            process = event.process
            if kind == "invoke":
                if process in pending:
                    self._refuse(event, "invokes before its last operation completed")
                pending[process] = event
                continue
            invoke = pending.pop(process, None)
            if invoke is None or kind not in _DEFINITE:
                self._feed_rarer(event, invoke)
                continue
            if event.time < invoke.time:
                self._refuse(event, "completes before it was invoked")
            if here is None or invoke.key != key:
                key = invoke.key
                here = self._inventory(key)
                sale, search, sold_out = (
                    _appenders(here.sold),
                    _appenders(here.searches),
                    _appenders(here.sold_outs),
                )
            name = invoke.f
            if event.f != name:
                self._refuse(event, f"completes a {event.f}, and invoked a {name}")
            value = event.value
            if kind == "fail":
                if name != buy or event.error != enough or invoke.value is not None:
                    self._feed_rarer(event, invoke)
                    continue
                fails += 1
                value = invoke.quantity
                invoked, returned, values, processes, indexes, done = sold_out
            elif name == buy:
                quantity = invoke.quantity
                if quantity <= 0 or invoke.value is not None or type(value) is not int:
                    quantity, value = self._order(invoke, event)
                elif not numbered:
                    value = None
                if invoke.intent is not None:
                    here.intents.setdefault(invoke.intent, []).append((True, invoke, event))
                oks += 1
                invoked, returned, values, processes, indexes, done, quantities = sale
                quantities(quantity)
            elif name == observe:
                if type(value) is not int:
                    self._refuse(event, f"answers {value!r} to a {observe}, which is no count")
                oks += 1
                invoked, returned, values, processes, indexes, done = search
            else:
                self._feed_rarer(event, invoke)
                continue
            invoked(invoke.time)
            returned(event.time)
            values(value)
            processes(process)
            indexes(invoke.index)
            done(event.index)
        self.outcomes["ok"] += oks
        self.outcomes["fail"] += fails

    def close(self) -> None:
        """Count whatever never completed as an unknown outcome; learn the counts of the frame."""
        for invoke in self._pending.values():
            self._unknown(invoke, None)
        self._pending.clear()
        started = self.sale.get("inventories") or {}
        ended = self.end.inventories or {}
        if self.tickets is None:
            self.tickets = _count(self.sale.get("tickets"))
        if self.remaining is None:
            self.remaining = _count(self.end.remaining)
        for name in started:
            self._inventory(name)
        if not self.inventories:
            self._inventory(None)
        for key, here in self.inventories.items():
            here.tickets = _count(started.get(_name(key, started), self.tickets))
            alone = self.remaining if len(self.inventories) == 1 else None
            here.remaining = _count(ended.get(_name(key, ended), alone))
            if self.naming.counting == "up":
                self._turn_round(here)

    @property
    def numbers(self) -> Numbers:
        """What an ok buy's number means here: the frame's word, else the naming's."""
        said = self.sale.get("numbers")
        if said in {"before", "after", "seat", "none"}:
            return said  # type: ignore[no-any-return]  # narrowed by the line above
        return self.naming.numbers

    def _feed_rarer(self, event: Event, invoke: Event | None) -> None:
        if invoke is not None:
            self._pending[event.process] = invoke  # the hot path took it out too soon
        if event.type == "step":
            if len(self.steps) < STEPS_MAX:
                self.steps.append(event)
            else:
                self.steps_left_out += 1
        elif event.type == "info":
            self._feed_info(event)
        elif event.type == "fail":
            self._feed_fail(event)
        elif event.type == "ok":
            self._feed_ok(event)
        else:
            self._refuse(event, f"has type {event.type!r}, not invoke, ok, fail, info or step")

    def _feed_ok(self, event: Event) -> None:
        invoke = self._pending.pop(event.process, None)
        if invoke is None:
            self._refuse(event, "completes what it never invoked")
        if invoke.f == self.naming.refund:
            self.outcomes["ok"] += 1
            self._row(self._inventory(invoke.key).refunded, invoke, event)
        else:
            self.strangers.add(invoke.f)

    def _feed_info(self, event: Event) -> None:
        invoke = self._pending.pop(event.process, None)
        if invoke is not None:
            self._unknown(invoke, event)
        elif event.f in {"sale", "end"} and isinstance(event.value, dict):
            self._feed_frame(event)

    def _feed_frame(self, event: Event) -> None:
        try:
            if event.f == "sale":
                self.sale = sale_of(event.value)
            else:
                self.end = end_of(event.value)
        except FrameError as error:
            raise Contradiction(event, str(error)) from error

    def _feed_fail(self, event: Event) -> None:
        invoke = self._pending.pop(event.process, None)
        if invoke is None:
            self._refuse(event, "completes what it never invoked")
        if event.time < invoke.time:
            self._refuse(event, "completes before it was invoked")
        here = self._inventory(invoke.key)
        name, error = invoke.f, _error(event)
        if name not in {self.naming.buy, self.naming.observe, self.naming.refund}:
            return
        self.outcomes["fail"] += 1
        if error == TORN_READ:
            _note(here.torn, invoke, event, 0)
        if name == self.naming.buy:
            quantity, _ = self._order(invoke, None)
            if error == self.naming.sold_out:
                _note(here.sold_outs, invoke, event, quantity)
            else:
                self._row(here.refused, invoke, event)
                here.refused.error.append(error)

    def _unknown(self, invoke: Event, info: Event | None) -> None:
        if invoke.process in self._harness:
            return
        here = self._inventory(invoke.key)
        naming = self.naming
        if invoke.f not in {naming.buy, naming.observe, naming.refund}:
            return
        self.outcomes["info"] += 1
        if invoke.f == naming.buy:
            self._row(here.maybe, invoke, info)
            if invoke.intent is not None:
                here.intents.setdefault(invoke.intent, []).append((False, invoke, info))
        elif invoke.f == naming.refund:
            self._row(here.maybe_refunded, invoke, info)

    def _row(self, rows: Orders, invoke: Event, complete: Event | None) -> None:
        quantity, _ = self._order(invoke, None)
        rows.invoked.append(invoke.time)
        if complete is not None and complete.type != "info":
            rows.returned.append(complete.time)
        rows.quantity.append(quantity)
        rows.number.append(None)
        rows.process.append(invoke.process)
        rows.index.append(invoke.index)
        rows.done.append(complete.index if complete else -1)

    def _order(self, invoke: Event, ok: Event | None) -> tuple[int, int | None]:
        """Return an order's quantity and its number.

        A value that the invocation has already is the quantity ordered (another tool's
        `:f :add, :value 1`): no buyer knows its ticket beforehand.
        """
        quantity, value = invoke.quantity, ok.value if ok else None
        if invoke.value is not None:
            quantity = invoke.value
            value = None if value == invoke.value else value
        if type(quantity) is not int or quantity <= 0:
            self._refuse(invoke, f"orders {quantity!r} tickets; one is the least")
        if value is not None and type(value) is not int:
            if self.naming.numbers in {"before", "after"}:
                self._refuse(ok or invoke, f"was sold {value!r}, which is no ticket's number")
            value = None
        return quantity, value if self.naming.numbers != "none" else None

    def _inventory(self, key: Key) -> Inventory:
        here = self.inventories.get(key)
        if here is None:
            here = self.inventories[key] = Inventory(key)
        return here

    def _turn_round(self, here: Inventory) -> None:
        """Read a counter of tickets sold as a count of tickets left."""
        tickets = here.tickets
        if tickets is None:
            return
        here.searches.value[:] = [tickets - value for value in here.searches.value]
        here.sold.number[:] = [
            None if number is None else tickets - number for number in here.sold.number
        ]
        if here.remaining is not None:
            here.remaining = tickets - here.remaining

    @staticmethod
    def _refuse(event: Event, why: str) -> NoReturn:
        raise Contradiction(event, f"process {event.process!r} {why}")


def _appenders(rows: Orders | Sightings) -> tuple[Any, ...]:
    """Bound methods of the columns: looking them up once is a third of the hot path's cost."""
    columns = (
        rows.invoked,
        rows.returned,
        rows.number if isinstance(rows, Orders) else rows.value,
        rows.process,
        rows.index,
        rows.done,
    )
    found: tuple[Any, ...] = tuple(column.append for column in columns)
    return (*found, rows.quantity.append) if isinstance(rows, Orders) else found


def _note(rows: Sightings, invoke: Event, complete: Event, value: int) -> None:
    for append, one in zip(
        _appenders(rows),
        (invoke.time, complete.time, value, invoke.process, invoke.index, complete.index),
        strict=True,
    ):
        append(one)


def _error(event: Event) -> str:
    """Return the error's name; other tools write `[:sold-out "…"]`, or put it into the value."""
    error: object = event.error if event.error is not None else event.value
    if isinstance(error, (list, tuple)) and error:
        error = error[0]
    return error if isinstance(error, str) else ""


def _count(value: object) -> int | None:
    return value if type(value) is int else None


def _name(key: Key, names: Mapping[Any, Any]) -> Any:
    """Keys of a JSON object are strings, whatever the operations call them."""
    return key if key in names else str(key)
