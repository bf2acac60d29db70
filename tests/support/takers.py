"""Stores of a user's own that need little: no `write`, answers without numbers, helper methods."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any, ClassVar

from booking import BaseStore, Place, saw, step
from tests.support.shops import OpaqueMemory

TABLE = "CREATE TABLE IF NOT EXISTS stock (left INT)"
TAKE = "UPDATE stock SET left = left - ? WHERE left >= ? RETURNING left"


class Taker(BaseStore):
    """Takes in one statement, and says the count before."""

    resource: ClassVar[str] = "stock"

    def __init__(self, place: Place) -> None:
        self.file = place.scratch / "stock.db"

    def reset(self, tickets: int) -> None:
        self.run(TABLE)
        self.run("DELETE FROM stock")
        self.run("INSERT INTO stock VALUES (?)", tickets)

    def read(self) -> int:
        step("read", self.resource)
        left = self.left()
        saw(left)
        return left

    def take(self, quantity: int) -> Any:
        step("take", self.resource)
        rows = self.run(TAKE, quantity, quantity)
        return self.answer(rows[0][0] + quantity) if rows else self.refusal()

    def answer(self, before: int) -> Any:
        return before

    def refusal(self) -> Any:
        return None

    def snapshot(self) -> int:
        return self.left()

    def left(self) -> int:
        return self.run("SELECT left FROM stock")[0][0]

    def run(self, statement: str, *values: int) -> list[Any]:
        with closing(sqlite3.connect(self.file, timeout=20, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()


class YesTaker(Taker):
    """Says yes or no, and tells no number."""

    def answer(self, before: int) -> bool:
        return True

    def refusal(self) -> bool:
        return False


class SeatTaker(Taker):
    """Tells the name of a seat."""

    def answer(self, before: int) -> str:
        return f"row {before}, seat Ä"


class SameSeat(Taker):
    """Tells every buyer the same seat."""

    def answer(self, before: int) -> str:
        return "row 1"


class ChecksFirst(YesTaker):
    """Checks and takes in two effects: an oversell that no number shows."""

    def take(self, quantity: int) -> bool:
        if self.read() < quantity:
            return False
        step("take", self.resource)
        self.run("UPDATE stock SET left = left - ?", quantity)
        return True


class Twice(BaseStore):
    """Reads and writes an open file under one step."""

    def __init__(self, place: Place) -> None:
        self.path = place.scratch / "twice.txt"

    def reset(self, tickets: int) -> None:
        self.path.write_text(f"{tickets}")

    def read(self) -> int:
        step("read", "twice.txt")
        return int(self.path.read_text())

    def take(self, quantity: int) -> bool:
        step("take", "twice.txt")
        with self.path.open("r+") as file:
            left = int(file.read())
            file.seek(0)
            file.write(f"{max(0, left - quantity)}")
        return left >= quantity


class Mute(BaseStore):
    """Neither writes nor takes."""

    def reset(self, tickets: int) -> None: ...

    def read(self) -> int:
        return 3


class Helpful(Taker):
    """A guard of its own asks it for what is no effect."""

    def ask(self, buyer: int) -> str:
        """Make a text of what it is given."""
        return f"order-{buyer}"

    def log(self, buyer: int) -> None:
        """Note nothing that other buyers see."""


class Peeking(OpaqueMemory):
    """Its helper reads what all buyers share, where no system beneath could see it."""

    def take(self, quantity: int) -> int | None:
        step("take", "opaque")
        left = self.cells[self.key]
        self.cells[self.key] = left - min(left, quantity)
        return left if left >= quantity else None

    def ask(self, buyer: int) -> int:
        return self.cells[self.key]

    def log(self, buyer: int) -> None: ...


class Asking:
    """Asks the store's helpers, then takes."""

    needs: ClassVar[type] = object
    sound = True

    def sell(self, store: Any, order: Any) -> Any:
        from booking import SOLD_OUT, Reply

        store.ask(order.buyer)
        number = store.take(order.quantity)
        store.ask(order.buyer)
        store.log(order.buyer)
        return Reply("fail", error=SOLD_OUT) if number is None else Reply("ok", number)
