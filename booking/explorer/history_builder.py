"""An execution told as a history, so that the judge of real sales judges it too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from booking.explorer.model import Plan
from booking.explorer.transition import Done, Step, Transition
from booking.history.model import Event, History, SaleEnd


class HistoryBuilder:
    """Writes down what happens as a recorder would: before the first step, after the last."""

    def __init__(self, tickets: int, quantities: Iterable[int], numbers: str = "before") -> None:
        self.tickets = tickets
        self.numbers = numbers
        self.events: list[Event] = []
        self._quantities = list(quantities)

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Make one for the executions of a plan."""
        return cls(plan.tickets, [party.quantity for party in plan.parties], plan.numbers)

    def told(self, buyer: int, step: Step, effect: Transition) -> None:
        """Write down one step, what begins with it and what ended by it."""
        if step.begins:
            quantity = self._quantities[buyer] if step.begins == "buy" else 1
            self._write(buyer, "invoke", step.begins, None, quantity)
        self._write(
            buyer, "step", step.action, step.value, 1, resource=step.resource, saw=effect.saw
        )
        self._complete(buyer, effect.done)

    def born(self, buyer: int, effect: Transition) -> None:
        """Write down what ended before there was any step."""
        self._complete(buyer, effect.done, begun=False)

    def history(self, remaining: int | None, hung: list[int]) -> History:
        """Give the whole sale; buyers that wait for ever have hung."""
        sale = {"numbers": self.numbers}
        return History(self.tickets, remaining, list(self.events), sale, SaleEnd(hung=hung))

    def _complete(self, buyer: int, done: Iterable[Done], *, begun: bool = True) -> None:
        for one in done:
            if not begun:
                self._write(buyer, "invoke", one.f, None, one.quantity)
            self._write(buyer, one.type, one.f, one.value, one.quantity, error=one.error)
            begun = False

    def _write(
        self,
        buyer: int,
        kind: str,
        f: str,
        value: int | None,
        quantity: int,
        *,
        resource: str | None = None,
        saw: int | None = None,
        error: str | None = None,
    ) -> None:
        at = len(self.events)
        self.events.append(
            Event(
                at, buyer, kind, f, value, at, error=error, quantity=quantity, resource=resource,
                saw=saw, pid=buyer + 1,
            )
        )  # fmt: skip
