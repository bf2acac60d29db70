"""Read a history into plain columns: what the check needs of it, and no object for each event.

Two million `Event`s weigh more than the check itself takes. So events are paired as they
stream by, and what the check needs of each operation goes into parallel lists, one set for
each inventory (`Event.key`). `feed` places each operation, or counts it in `ignored`, or refuses
it: nothing is dropped. `close` settles what only the whole history can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import repeat
from math import inf
from typing import Any, NoReturn

from booking.checker.reading.inventory import Attempt, Inventory, Key, Numbers, Observations
from booking.checker.reading.naming import Naming
from booking.checker.reading.order_values import (
    Asked,
    Shape,
    ValueRefusedError,
    is_size,
    number_of,
    quantity_of,
)
from booking.checker.reading.rows import add_observation, add_row, append_methods, error_of
from booking.checker.reading.settling import settle
from booking.errors import HistoryError
from booking.history.frame import FrameError, end_of, sale_of
from booking.history.model import FRAME, NO_CLIENTS, Event, SaleEnd

ERRORS_MAX = 3  # are kept of orders of unknown outcome
STEPS_MAX = 1_000_000  # more are counted, not kept: they tell causes, not verdicts
TORN_READ = "torn-read"


class ContradictionError(HistoryError):
    """An event contradicts the ones before it, or cannot be read."""

    def __init__(self, event: Event, why: str) -> None:
        super().__init__(f"event {event.index}: {why}")
        self.event = event
        self.why = why


class Columns:
    """A history's operations, in columns for each inventory.

    `feed` takes events in the order they happened, and `close` follows the last. Both raise
    `HistoryError` where a history contradicts itself or what the caller gives: a completion
    without an invocation, or before it; a process that does two things at a time; another count.
    `ContradictionError` names the event.
    """

    def __init__(
        self,
        naming: Naming | None = None,
        tickets: int | None = None,
        remaining: int | None = None,
    ) -> None:
        self.naming = naming or Naming()
        self.tickets = tickets  # as given; once closed, else as recorded
        self.remaining = remaining
        self.sale: dict[str, Any] = {}
        self.end = SaleEnd()
        self.end_index: int | None = None  # of the event that recorded the count at the end
        self.steps: list[Event] = []
        self.steps_left_out = 0
        self.inventories: dict[Key, Inventory] = {}
        self.outcomes = {"ok": 0, "fail": 0, "info": 0}
        self.errors_of_unknown: dict[str, None] = {}  # the first few, of orders that may have sold
        self.notes: list[str] = []  # what the reader noticed
        # Operations of clients that the check could not place, and how many of each.
        self.ignored: dict[str, int] = {}
        self.left_out: dict[str, int] = {}  # those that `Naming.ignore` leaves out on purpose
        self.without_count = 0  # searches that answered nothing; they are in `ignored`
        self.numbers: Numbers = "before"  # what an ok buy's number means; final once closed
        # The same history where answers that repeat their orders are echoes and no numbers.
        self.as_echoes: Columns | None = None
        # Orders whose invocation carries a value, apart until the whole history tells its meaning.
        self.valued: dict[tuple[Key, Shape], Inventory] = {}
        self.echoes = 0  # answers that repeat the value of their invocation
        self.answers = 0  # other answers to an order that carries a value
        self.has_text = False  # some answer is text that its order did not carry
        self._has_sale = self._has_end = False
        self._pending: dict[int | str, Event] = {}
        self._latest: int | float = -inf  # completion
        # Invocations that do not come after every completion before them: process, time, key.
        self._not_after: set[tuple[int | str, int, Key]] = set()

    def feed(self, events: Iterable[Event]) -> None:  # noqa: C901, PLR0912, PLR0915 - hot
        """Add events to the columns.

        The hot path, in one loop that appends itself: a call for each event would take longer
        than all the rest. It stores over a million operations a second (`make bench`).
        """
        pending = self._pending
        latest = self._latest
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
                    self._feed_again(event)
                pending[process] = event
                if event.time <= latest:
                    self._not_after.add((process, event.time, event.key))
                continue
            invoke = pending.pop(process, None)
            ok = kind == "ok"
            if invoke is None or not (ok or kind == "fail"):
                self._feed_rare(event, invoke)
                continue
            time = event.time
            if time < invoke.time:
                self._refuse(event, "completes before it was invoked")
            if time > latest:  # noqa: PLR1730 - `max` would be a call
                latest = time
            if inventory is None or invoke.key != key:
                if not self._is_known(invoke.f):
                    self._feed_rare(event, invoke)
                    continue
                key = invoke.key
                inventory = self._inventory(invoke)
                sale, search, sold_out = (
                    append_methods(inventory.sold),
                    append_methods(inventory.searches),
                    append_methods(inventory.sold_outs),
                )
            name = invoke.f
            if event.f != name:
                self._refuse(event, f"completes a {event.f}, and invoked a {name}")
            value = event.value
            if name in buy:
                quantity = invoke.quantity
                if invoke.value is not None or (quantity != 1 and not is_size(quantity)):
                    self._feed_rare(event, invoke)
                    continue
                if ok:
                    if type(value) is not int:
                        value = self._number(invoke, event)
                    elif not numbered:
                        value = None
                    if invoke.intent is not None:
                        inventory.intents.setdefault(invoke.intent, []).append(
                            Attempt(invoke, event, True)
                        )
                    oks += 1
                    invoked, returned, values, processes, indexes, done, quantities = sale
                    quantities(quantity)
                elif event.error in enough:
                    if invoke.intent is not None:
                        inventory.intent_of_refused[invoke.index] = invoke.intent
                    fails += 1
                    value = quantity
                    invoked, returned, values, processes, indexes, done = sold_out
                else:
                    self._feed_rare(event, invoke)
                    continue
            elif ok and name in observe and type(value) is int:
                oks += 1
                invoked, returned, values, processes, indexes, done = search
            else:
                self._feed_rare(event, invoke)
                continue
            invoked(invoke.time)
            returned(time)
            values(value)
            processes(process)
            indexes(invoke.index)
            done(event.index)
        self._latest = max(latest, self._latest)
        self.outcomes["ok"] += oks
        self.outcomes["fail"] += fails

    def close(self) -> None:
        """Count operations without a completion as unknown, and settle what values mean."""
        for invoke in self._pending.values():
            self._unknown(invoke, None)
        self._pending.clear()
        settle(self)
        if self._not_after:
            for inventory in self.inventories.values():
                inventory.touches = self._touches(inventory)

    def _touches(self, inventory: Inventory) -> bool:
        """Return whether an operation began at the time at which its process's last one ended."""
        began, ended, both = Counter[Any](), Counter[Any](), Counter[Any]()
        for rows in inventory.rows():
            for process, invoked, returned in zip(
                rows.process, rows.invoked, rows.returned or repeat(None), strict=False
            ):
                begin = process, invoked, inventory.key
                if begin in self._not_after:
                    began[begin] += 1
                    both[begin] += returned == invoked
                end = process, returned, inventory.key
                if end in self._not_after:
                    ended[end] += 1
        return any(began[moment] * ended[moment] > both[moment] for moment in ended)

    def _feed_again(self, event: Event) -> None:
        """Refuse a second invocation of a process that is still busy; a nemesis may be."""
        if event.process not in NO_CLIENTS:
            self._refuse(event, "invokes before its last operation completed")

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
            self._feed_fail(self._completed(event), event)
        elif event.type == "ok":
            self._feed_ok(self._completed(event), event)
        else:
            self._refuse(event, f"has type {event.type!r}, not invoke, ok, fail, info or step")

    def _completed(self, event: Event) -> Event | None:
        """Return the invocation that an event completes; None for what no client does."""
        invoke = self._pending.pop(event.process, None)
        if invoke is None:
            if event.process in NO_CLIENTS:
                return None
            self._refuse(event, "completes what it never invoked")
        if event.time < invoke.time:
            self._refuse(event, "completes before it was invoked")
        if event.f != invoke.f:
            self._refuse(event, f"completes a {event.f}, and invoked a {invoke.f}")
        return invoke

    def _feed_ok(self, invoke: Event | None, event: Event) -> None:
        if invoke is None:
            return
        naming = self.naming
        if invoke.f in naming.buy:
            self.outcomes["ok"] += 1
            self._add_order("sold", invoke, event)
            self._attempt(invoke, event, True)
        elif invoke.f in naming.refund:
            self.outcomes["ok"] += 1
            self._add_order("refunded", invoke, event)
        elif invoke.f not in naming.observe:
            self._ignore(invoke)
        elif event.value is None:
            self.without_count += 1
            self.ignored[invoke.f] = self.ignored.get(invoke.f, 0) + 1
        else:
            self._refuse(event, f"answers {event.value!r} to a {invoke.f}, which is no count")

    def _feed_info(self, event: Event) -> None:
        pending = event.process in self._pending
        if event.f in FRAME and not pending and isinstance(event.value, dict):
            self._feed_frame(event)
        elif pending or self._is_known(event.f):
            invoke = self._completed(event)
            if invoke is not None:
                self._unknown(invoke, event)
        else:
            self._ignore(event)

    def _feed_frame(self, event: Event) -> None:
        if self._has_sale if event.f == "sale" else self._has_end:
            raise ContradictionError(event, f"a second line {event.f!r}: two histories in one file")
        try:
            if event.f == "sale":
                self.sale = sale_of(event.value)
                self._has_sale = True
            else:
                self.end = end_of(event.value)
                self.end_index = event.index if event.index >= 0 else None
                self._has_end = True
        except FrameError as error:
            raise ContradictionError(event, str(error)) from error

    def _feed_fail(self, invoke: Event | None, event: Event) -> None:
        if invoke is None:
            return
        name, error = invoke.f, error_of(event)
        if not self._is_known(name):
            self._ignore(invoke)
            return
        self.outcomes["fail"] += 1
        if error == TORN_READ:
            add_observation(self._inventory(invoke).torn, invoke, event, 0)
        if name in self.naming.buy:
            if invoke.intent is not None:
                self._inventory(invoke).intent_of_refused[invoke.index] = invoke.intent
            sold_out = error in self.naming.sold_out
            self._add_order("sold_outs" if sold_out else "refused", invoke, event, error)

    def _unknown(self, invoke: Event, info: Event | None) -> None:
        if not self._is_known(invoke.f):
            self._ignore(invoke)
            return
        self.outcomes["info"] += 1
        if invoke.f in self.naming.buy:
            self._add_order("maybe", invoke, info)
            if info is not None and len(self.errors_of_unknown) < ERRORS_MAX:
                self.errors_of_unknown.update(dict.fromkeys(filter(None, [error_of(info)])))
            self._attempt(invoke, info, False)
        elif invoke.f in self.naming.refund:
            self._add_order("maybe_refunded", invoke, info)

    def _attempt(self, invoke: Event, complete: Event | None, ok: bool) -> None:
        if invoke.intent is not None:
            intents = self._inventory(invoke).intents
            intents.setdefault(invoke.intent, []).append(Attempt(invoke, complete, ok))

    def _is_known(self, name: str) -> bool:
        naming = self.naming
        return name in naming.buy or name in naming.observe or name in naming.refund

    def _ignore(self, invoke: Event) -> None:
        """Count an operation that is neither an order nor a search."""
        if invoke.process not in NO_CLIENTS:
            counts = self.left_out if invoke.f in self.naming.ignore else self.ignored
            counts[invoke.f] = counts.get(invoke.f, 0) + 1

    def _add_order(
        self, kind: str, invoke: Event, complete: Event | None, error: str | None = None
    ) -> None:
        """Add a row for an order: where its value has a meaning to be settled, apart."""
        try:
            quantity, asked = quantity_of(invoke)
            number, is_pair = None, False
            if complete is not None and complete.type == "ok":
                number, is_pair = number_of(invoke, complete, self.naming.numbers)
        except ValueRefusedError as refused:
            at = invoke if str(refused).startswith("orders") else complete
            self._refuse(at or invoke, str(refused))
        if kind == "sold" and number is not None and not is_pair:
            self._count_answer(asked, invoke.value, number)
        inventory = self._inventory(invoke)
        if asked != "nothing":
            place = invoke.key, Shape(invoke.f, asked, is_pair)
            inventory = self.valued.setdefault(place, Inventory(invoke.key))
        rows = getattr(inventory, kind)
        if isinstance(rows, Observations):
            assert complete is not None
            add_observation(rows, invoke, complete, quantity)
            return
        if "refunded" in kind and number is None and asked == "text":
            number = invoke.value
        add_row(rows, invoke, complete, quantity, number)
        if error is not None:
            rows.error.append(error)

    def _count_answer(self, asked: Asked, value: object, number: int | str) -> None:
        """Count whether an order's answer repeats what it asked for."""
        if asked == "nothing" or number != value:
            self.has_text |= isinstance(number, str)
            self.answers += asked != "nothing"
        elif asked != "text":
            self.echoes += 1

    def _number(self, invoke: Event, ok: Event) -> int | str | None:
        """Return what an ok order answered that carried no value and answered no integer."""
        if ok.value is None:
            return None
        try:
            number, _ = number_of(invoke, ok, self.naming.numbers)
        except ValueRefusedError as error:
            self._refuse(ok, str(error))
        self.has_text |= isinstance(number, str)
        return number

    def _inventory(self, invoke: Event) -> Inventory:
        key = invoke.key
        inventory = self.inventories.get(key)
        if inventory is None:
            if key is None and self.naming.keyed:
                self._refuse(invoke, "has no key; with --keyed every value is [key, value]")
            inventory = self.inventories[key] = Inventory(key)
        return inventory

    @staticmethod
    def _refuse(event: Event, why: str) -> NoReturn:
        raise ContradictionError(event, f"process {event.process!r} {why}")
