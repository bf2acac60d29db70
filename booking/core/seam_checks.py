"""Check what a user's code hands over at the seam: replies, orders, counts, steps.

What comes through is recorded and judged, so each value must be one that a history can hold. The
quick question comes first, because it is asked at each order. The sentence is built only where the
answer is no.
"""

from __future__ import annotations

from booking.core.protocols import TICKETS_MAX, Guard, Reply
from booking.errors import ReplyError, UsageError

NUMBER_MAX = 2**63 - 1  # of a ticket's number, or of a count: 64 bits of a record
TEXT_BYTES_MAX = 400  # of a ticket's text in UTF-8; a longer one would be cut
SHOWN_CHARS_MAX = 60
TYPES = frozenset({"ok", "fail", "info"})


def ensure_reply(reply: object, guard: Guard) -> None:
    """Raise `ReplyError` that names the guard, the field and its value, unless it can be used."""
    if reply.__class__ is Reply and reply.error is None:  # the usual reply of a sale, at once
        number = reply.ticket
        if reply.type == "ok" and number.__class__ is int and 0 <= number <= TICKETS_MAX:
            return
    if not isinstance(reply, Reply):
        raise ReplyError(f"guard {_name(guard)} answered {_shown(reply)}, which is no Reply")
    ticket: object = reply.ticket
    if type(ticket) is int:
        possible = -NUMBER_MAX <= ticket <= NUMBER_MAX
    else:
        possible = ticket is None or _is_text(ticket)
    if not (possible and _is_type(reply.type) and _is_error(reply.error)):
        raise ReplyError(f"guard {_name(guard)} answered {_problem(reply)}")


def ensure_quantity(quantity: int) -> None:
    """Raise `UsageError` unless a buyer ordered a whole number of tickets, one at least."""
    if quantity.__class__ is not int or not 1 <= quantity <= TICKETS_MAX:
        raise UsageError(
            f"an order of quantity={_shown(quantity)}: a buyer orders 1 to {TICKETS_MAX} tickets"
        )


def ensure_count(count: int) -> None:
    """Raise `UsageError` unless a store answered a search with a whole number."""
    if type(count) is not int or not -NUMBER_MAX <= count <= NUMBER_MAX:
        raise UsageError(
            f"the store's read answered {_shown(count)}: the count is a whole number of 64 bits"
        )


def ensure_number(value: object, call: str) -> None:
    """Raise `UsageError` that names the call, unless a step's value is a number or None."""
    whole = value is None or (isinstance(value, int) and -NUMBER_MAX <= value <= NUMBER_MAX)
    if not whole:
        raise UsageError(
            f"{call} was called with {_shown(value)}: the value is a whole number of 64 bits, "
            "or None"
        )


def ensure_names(action: object, resource: object) -> None:
    """Raise `UsageError` unless the names of a step are texts."""
    if not (isinstance(action, str) and isinstance(resource, str)):
        raise UsageError(
            f"step({_shown(action)}, {_shown(resource)}): an action and a resource are texts"
        )


def _is_type(value: object) -> bool:
    return isinstance(value, str) and value in TYPES


def _is_error(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_text(ticket: object) -> bool:
    """Return whether a ticket is a text that a record holds whole."""
    if not isinstance(ticket, str):
        return False
    try:
        return len(ticket.encode()) <= TEXT_BYTES_MAX
    except UnicodeEncodeError:
        return False


def _problem(reply: Reply) -> str:
    """Return which field of a reply is wrong, its value, and what is allowed."""
    if not _is_type(reply.type):
        return f"type={_shown(reply.type)}: a type is ok, fail or info"
    if not _is_error(reply.error):
        return f"error={_shown(reply.error)}: an error is a text or None"
    return (
        f"ticket={_shown(reply.ticket)}: a ticket is a whole number of 64 bits, "
        f"a text of up to {TEXT_BYTES_MAX} bytes, or None"
    )


def _name(guard: object) -> str:
    return f"{type(guard).__module__}:{type(guard).__qualname__}"


def _shown(value: object) -> str:
    """Return a value as Python writes it, on one line and not too long."""
    try:
        text = " ".join(ascii(value).split())
    except Exception as error:  # a user's own `__repr__` may raise anything
        text = f"a {type(value).__name__} that cannot be shown ({type(error).__name__})"
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[: SHOWN_CHARS_MAX - 1]}…"
