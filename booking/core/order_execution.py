"""Carry out one search or one order, and record how it ended: the same in every mode.

A sale, an exploration, a replay and a purchase by hand all come through here. So an error of a
store has one meaning, whatever runs the buyer (the exception tree is in `booking.errors`).
"""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from booking.core.protocols import Guard, Order, Reply, Store
from booking.core.redaction import redacted
from booking.core.seam_checks import ensure_count, ensure_quantity, ensure_reply
from booking.errors import InventoryError, MalformedError, UnavailableError, UncertainError

BUY = "buy"
SEARCH = "search"

TORN_READ = "torn-read"
UNREADABLE = "unreadable"
UNAVAILABLE = "unavailable"
UNCERTAIN = "uncertain"

CompletionType = Literal["ok", "fail", "info"]


class Completion(Struct, frozen=True):
    """How one operation ended.

    `value` is the ticket sold (a number or a text), or the count found. `error` is a short name,
    the same in every execution of a sale; `detail` is the message behind it, which may name a path
    or a time. `cause` is the exception that both were taken from.
    """

    operation: str
    type: CompletionType
    value: int | str | None = None
    quantity: int = 1
    error: str | None = None
    detail: str | None = None
    cause: Exception | None = None

    @property
    def text(self) -> str | None:
        """The error with its detail, as a history shows it."""
        return self.error if self.detail is None else f"{self.error}: {self.detail}"

    @property
    def reply(self) -> Reply:
        """The completion of an order, as the reply that the buyer gets."""
        return Reply(self.type, self.value, self.error if self.detail is None else self.text)


class OperationRecorder(Protocol):
    """Records operations: a buyer's event log, a controlled driver, an explored task."""

    def invoke(self, operation: str, quantity: int = 1) -> None:
        """Record that an operation begins; its first step comes after this call."""

    def complete(self, completion: Completion) -> None:
        """Record how the operation ended; its last step came before this call."""


class NullRecorder:
    """Records nothing."""

    def invoke(self, operation: str, quantity: int = 1) -> None:
        """Do nothing."""

    def complete(self, completion: Completion) -> None:
        """Do nothing."""


def perform_search(store: Store, recorder: OperationRecorder) -> Completion:
    """Read the count, record both ends of the search, and return how it ended.

    An `InventoryError` is a failed search. Any other exception, and a count that is none, is a
    defect of the store: it propagates, and the search stays open.
    """
    recorder.invoke(SEARCH)
    try:
        remaining = store.read()
        ensure_count(remaining)
    except InventoryError as error:
        completion = _failed_search(error)
    else:
        completion = Completion(SEARCH, "ok", remaining)
    recorder.complete(completion)
    return completion


def perform_order(
    store: Store, guard: Guard, order: Order, recorder: OperationRecorder
) -> Completion:
    """Carry out one order, record both of its ends, and return how it ended.

    A torn read and an unavailable store are `fail`, an uncertain one is `info`. Any other
    exception is recorded as `info`, because the order may have been sold, and propagates. So is
    a reply that says nothing (`ReplyError`).
    """
    quantity = order.quantity
    ensure_quantity(quantity)
    recorder.invoke(BUY, quantity)
    try:
        reply = guard.sell(store, order)
        ensure_reply(reply, guard)
    except (MalformedError, UnavailableError, UncertainError) as error:
        completion = _failed_order(error, quantity)
        recorder.complete(completion)
        return completion
    except Exception as error:
        recorder.complete(_explained("info", type(error).__name__, error, quantity))
        raise
    completion = Completion(BUY, reply.type, reply.ticket, quantity, reply.error)
    recorder.complete(completion)
    return completion


def _failed_search(error: InventoryError) -> Completion:
    if isinstance(error, MalformedError):
        return Completion(SEARCH, "fail", error=TORN_READ, cause=error)
    return Completion(SEARCH, "fail", None, 1, UNREADABLE, redacted(str(error)), error)


def _failed_order(error: InventoryError, quantity: int) -> Completion:
    if isinstance(error, MalformedError):
        # Only a read raises it, and no guard reads after it wrote: nothing was sold.
        return Completion(BUY, "fail", None, quantity, TORN_READ, cause=error)
    if isinstance(error, UnavailableError):
        return _explained("fail", UNAVAILABLE, error, quantity)
    return _explained("info", UNCERTAIN, error, quantity)


def _explained(type_: CompletionType, name: str, error: Exception, quantity: int) -> Completion:
    return Completion(BUY, type_, None, quantity, name, redacted(str(error)), error)
