"""Read a history into plain columns: what the check needs of it, and no object for each event.

Two million `Event`s weigh more than the check itself takes. So events are paired as they
stream by, and what the check needs of each operation goes into parallel lists, one set for
each inventory (`Event.key`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from booking.checker.inventory import Attempt, Inventory, Key, Numbers, Observations, Orders
from booking.core.protocols import SOLD_OUT
from booking.errors import HistoryError
from booking.history.frame import FrameError, end_of, sale_of
from booking.history.model import HARNESS, Event, SaleEnd

STEPS_MAX = 1_000_000  # more are counted, not kept: they tell causes, not verdicts
TORN_READ = "torn-read"

_DEFINITE = frozenset({"ok", "fail"})


class ContradictionError(HistoryError):
    """An event contradicts the ones before it, or cannot be read."""

    def __init__(self, event: Event, why: str) -> None:
        super().__init__(f"event {event.index}: {why}")
        self.event = event
        self.why = why


@dataclass(frozen=True, slots=True)
class Naming:
    """The names that another tool's history uses, with ours as defaults.

    `numbers` states what an ok buy's value is: the count `before` it (ours), the count `after`
    it, a `seat` (an identity without an order), or nothing of use. `counting` "up" means that
    the counter counts the tickets sold and not those left.
    """

    buy: str = "buy"
    observe: str = "search"
    refund: str = "refund"
    sold_out: str = SOLD_OUT
    counting: Literal["up", "down"] = "down"
    numbers: Numbers = "before"


class Columns:
    """A history's operations, in columns for each inventory.

    `feed` takes events in the order they happened, and `close` follows the last. Both raise
    `ContradictionError`, naming the event, where a history contradicts itself: a completion
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
        self.end_index: int | None = None  # of the event that recorded the count at the end
        self.steps: list[Event] = []
        self.steps_left_out = 0
        self.inventories: dict[Key, Inventory] = {}
        self.outcomes = {"ok": 0, "fail": 0, "info": 0}
        self.notes: list[str] = []  # what the reader noticed
        self._pending: dict[int | str, Event] = {}
        self.unknown_operations: set[str] = set()  # operations that are neither orders nor searches
        self._harness: set[str] = {HARNESS, "nemesis", ":nemesis"}

    def feed(self, events: Iterable[Event]) -> None:  # noqa: C901, PLR0912, PLR0915 - hot
        """Add events to the columns.

        The hot path, in one loop that appends itself: a call for each event would take longer
        than all the rest. It stores over a million operations a second (`make bench`).
        """
        pending = self._pending
        naming = self.naming
        buy, observe, enough = naming.buy, naming.observe, naming.sold_out
        numbered = naming.numbers != "none"
        key: Key = None
        inventory: Inventory | None = None
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
                self._feed_rare(event, invoke)
                continue
            if event.time < invoke.time:
                self._refuse(event, "completes before it was invoked")
            if inventory is None or invoke.key != key:
                key = invoke.key
                inventory = self._inventory(key)
                sale, search, sold_out = (
                    _append_methods(inventory.sold),
                    _append_methods(inventory.searches),
                    _append_methods(inventory.sold_outs),
                )
            name = invoke.f
            if event.f != name:
                self._refuse(event, f"completes a {event.f}, and invoked a {name}")
            value = event.value
            if kind == "fail":
                if (
                    name != buy
                    or event.error != enough
                    or not (invoke.value is None and invoke.intent is None)
                ):
                    self._feed_rare(event, invoke)
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
                    inventory.intents.setdefault(invoke.intent, []).append(
                        Attempt(invoke, event, True)
                    )
                oks += 1
                invoked, returned, values, processes, indexes, done, quantities = sale
                quantities(quantity)
            elif name == observe:
                if type(value) is not int:
                    self._refuse(event, f"answers {value!r} to a {observe}, which is no count")
                oks += 1
                invoked, returned, values, processes, indexes, done = search
            else:
                self._feed_rare(event, invoke)
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
        """Count an operation without a completion as unknown; read the counts of the frame."""
        for invoke in self._pending.values():
            self._unknown(invoke, None)
        self._pending.clear()
        started = self.sale.get("inventories") or {}
        ended = self.end.inventories or {}
        if self.tickets is None:
            self.tickets = _count(self.sale.get("tickets"))
        if self.remaining is None:
            self.remaining = _count(self.end.remaining)
        for key in started:
            self._inventory(key)
        if not self.inventories:
            self._inventory(None)
        for key, inventory in self.inventories.items():
            inventory.tickets = _count(started.get(_key_in(key, started), self.tickets))
            alone = self.remaining if len(self.inventories) == 1 else None
            inventory.remaining = _count(ended.get(_key_in(key, ended), alone))
            if self.naming.counting == "up":
                self._count_down(inventory)

    @property
    def numbers(self) -> Numbers:
        """What an ok buy's number means: as the history's first line says, else the naming."""
        numbers = self.sale.get("numbers")
        if numbers in {"before", "after", "seat", "none"}:
            return numbers  # type: ignore[no-any-return]  # narrowed by the line above
        return self.naming.numbers

    def _feed_rare(self, event: Event, invoke: Event | None) -> None:
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
            self.unknown_operations.add(invoke.f)

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
                if self.end.remaining is not None or self.end.inventories:
                    self.end_index = event.index
        except FrameError as error:
            raise ContradictionError(event, str(error)) from error

    def _feed_fail(self, event: Event) -> None:
        invoke = self._pending.pop(event.process, None)
        if invoke is None:
            self._refuse(event, "completes what it never invoked")
        if event.time < invoke.time:
            self._refuse(event, "completes before it was invoked")
        inventory = self._inventory(invoke.key)
        name, error = invoke.f, _error(event)
        if name not in {self.naming.buy, self.naming.observe, self.naming.refund}:
            return
        self.outcomes["fail"] += 1
        if error == TORN_READ:
            _add_observation(inventory.torn, invoke, event, 0)
        if name == self.naming.buy:
            quantity, _ = self._order(invoke, None)
            if invoke.intent is not None:
                inventory.intent_of_refused[invoke.index] = invoke.intent
            if error == self.naming.sold_out:
                _add_observation(inventory.sold_outs, invoke, event, quantity)
            else:
                self._row(inventory.refused, invoke, event)
                inventory.refused.error.append(error)

    def _unknown(self, invoke: Event, info: Event | None) -> None:
        if invoke.process in self._harness:
            return
        inventory = self._inventory(invoke.key)
        naming = self.naming
        if invoke.f not in {naming.buy, naming.observe, naming.refund}:
            return
        self.outcomes["info"] += 1
        if invoke.f == naming.buy:
            self._row(inventory.maybe, invoke, info)
            if invoke.intent is not None:
                inventory.intents.setdefault(invoke.intent, []).append(Attempt(invoke, info, False))
        elif invoke.f == naming.refund:
            self._row(inventory.maybe_refunded, invoke, info)

    def _row(self, rows: Orders, invoke: Event, complete: Event | None) -> None:
        quantity, _ = self._order(invoke, None)
        rows.invoked.append(invoke.time)
        if complete is not None and complete.type != "info":
            rows.returned.append(complete.time)
        rows.quantity.append(quantity)
        rows.number.append(None)
        rows.process.append(invoke.process)
        rows.index.append(invoke.index)
        rows.done.append(complete.index if complete else None)

    def _order(self, invoke: Event, ok: Event | None) -> tuple[int, int | None]:
        """Return an order's quantity and its number.

        A value that the invocation carries is the quantity ordered (another tool's
        `:f :add, :value 1`), since no buyer knows its ticket beforehand.
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
        inventory = self.inventories.get(key)
        if inventory is None:
            inventory = self.inventories[key] = Inventory(key)
        return inventory

    def _count_down(self, inventory: Inventory) -> None:
        """Convert a counter of tickets sold into a count of tickets left."""
        tickets = inventory.tickets
        if tickets is None:
            return
        inventory.counts_up = True
        inventory.searches.value[:] = [tickets - value for value in inventory.searches.value]
        inventory.sold.number[:] = [
            None if number is None else tickets - number for number in inventory.sold.number
        ]
        if inventory.remaining is not None:
            inventory.remaining = tickets - inventory.remaining

    @staticmethod
    def _refuse(event: Event, why: str) -> NoReturn:
        raise ContradictionError(event, f"process {event.process!r} {why}")


def _append_methods(rows: Orders | Observations) -> tuple[Any, ...]:
    """Return the columns' bound `append`s: looking them up each time adds a third to `feed`."""
    columns = (
        rows.invoked,
        rows.returned,
        rows.number if isinstance(rows, Orders) else rows.value,
        rows.process,
        rows.index,
        rows.done,
    )
    appends: tuple[Any, ...] = tuple(column.append for column in columns)
    return (*appends, rows.quantity.append) if isinstance(rows, Orders) else appends


def _add_observation(rows: Observations, invoke: Event, complete: Event, value: int) -> None:
    for append, field in zip(
        _append_methods(rows),
        (invoke.time, complete.time, value, invoke.process, invoke.index, complete.index),
        strict=True,
    ):
        append(field)


def _error(event: Event) -> str:
    """Return the error's name; other tools write `[:sold-out "…"]`, or put it into the value."""
    error: object = event.error if event.error is not None else event.value
    if isinstance(error, (list, tuple)) and error:
        error = error[0]
    return error if isinstance(error, str) else ""


def _count(value: object) -> int | None:
    return value if type(value) is int else None


def _key_in(key: Key, names: Mapping[Any, Any]) -> Any:
    """Return an inventory's key in a JSON object, where every key is text."""
    return key if key in names else str(key)
