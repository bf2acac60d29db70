"""Guards of users whose answers are not what a guard answers."""

from __future__ import annotations

from typing import Any, ClassVar

from booking.core.protocols import Order, Reply, Store
from booking.guards.common.read_check_write import read_check_write
from booking.guards.lock import LockGuard


class AnswersAnything:
    """A guard that answers what it was made with; a store for it, too."""

    needs: ClassVar[type] = Store

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def reset(self, tickets: int) -> None: ...

    def read(self) -> int:
        return 3

    def write(self, remaining: int) -> None: ...

    def close(self) -> None: ...

    def sell(self, store: Store, order: Order) -> Reply:
        reply: Any = self._answer
        return reply  # type: ignore[no-any-return]  # the mistake of some guards


class AnswersTrue:
    """Sells, and answers whether it did instead of which ticket."""

    needs: ClassVar[type] = Store

    def sell(self, store: Store, order: Order) -> Reply:
        read_check_write(store, order)
        return Reply("ok", True)


class AnswersNothing:
    """Sells, and forgets to answer."""

    needs: ClassVar[type] = Store

    def sell(self, store: Store, order: Order) -> Reply:
        read_check_write(store, order)
        return None  # type: ignore[return-value]  # the mistake


class NamesSeats(LockGuard):
    """Sells seats that have names."""

    numbers: ClassVar[str] = "seat"

    def sell(self, store: Store, order: Order) -> Reply:
        reply = super().sell(store, order)
        return Reply("ok", f"row 1, seat {reply.ticket}") if reply.type == "ok" else reply
