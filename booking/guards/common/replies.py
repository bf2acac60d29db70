"""The replies that several guards give: made once, because they never differ."""

from __future__ import annotations

from booking.core.protocols import SOLD_OUT, Reply

NO_TICKETS = Reply("fail", error=SOLD_OUT)
NO_LOCK = Reply("fail", error="lock-timeout")
TOO_MANY_CONFLICTS = Reply("fail", error="conflict")


def sold_or_refused(number: int | None) -> Reply:
    """Return the reply to an order that got a ticket or seat; None: too few were left."""
    return NO_TICKETS if number is None else Reply("ok", number)
