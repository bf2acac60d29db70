"""The replies that several guards give: made once, because they never differ."""

from __future__ import annotations

from booking.core.protocols import SOLD_OUT, Reply

NO_TICKETS = Reply("fail", error=SOLD_OUT)
UNNUMBERED = Reply("ok")
NO_LOCK = Reply("fail", error="lock-timeout")
TOO_MANY_CONFLICTS = Reply("fail", error="conflict")


def sold_or_refused(number: int | str | bool | None) -> Reply:
    """Return the reply to an order that a store carried out, by what the store answered.

    A ticket's number or a seat: sold. True: sold, without a number. None or False: refused.
    """
    if number is None or number is False:
        return NO_TICKETS
    return UNNUMBERED if number is True else Reply("ok", number)
