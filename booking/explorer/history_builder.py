"""Build the history of an execution, so that the checker of real sales checks it too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from booking.core.order_execution import BUY
from booking.core.traits import Numbers
from booking.explorer.model import Plan
from booking.explorer.transition import CompletedOperation, Step, Transition
from booking.history.model import Event, History, SaleEnd


class HistoryBuilder:
    """Records events as a recorder would: an invocation before its step, a completion after."""

    def __init__(
        self, tickets: int, quantities: Iterable[int], numbers: Numbers = "before"
    ) -> None:
        self.tickets = tickets
        self.numbers = numbers
        self.events: list[Event] = []
        self._quantities = list(quantities)

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Make a builder for the executions of a plan."""
        return cls(plan.tickets, [task.quantity for task in plan.tasks], plan.numbers)

    def start(self, task: int, transition: Transition) -> None:
        """Record what completed before the task's first step."""
        self._complete(task, transition.completed, begun=False)

    def step(self, task: int, step: Step, transition: Transition) -> None:
        """Record one step, the operation that begins with it, and those that it completes."""
        if step.begins:
            quantity = self._quantities[task] if step.begins == BUY else 1
            self._add(task, "invoke", step.begins, None, quantity)
        self._add(
            task, "step", step.action, step.value, 1, resource=step.resource, saw=transition.saw
        )
        self._complete(task, transition.completed)

    def history(self, remaining: int | None, hung: list[int]) -> History:
        """Return the whole sale; a buyer that waits for ever has hung."""
        sale = {} if self.numbers == "before" else {"numbers": self.numbers}
        return History(self.tickets, remaining, list(self.events), sale, SaleEnd(hung=hung))

    def _complete(
        self, task: int, completed: Iterable[CompletedOperation], *, begun: bool = True
    ) -> None:
        for operation in completed:
            if not begun:
                self._add(task, "invoke", operation.f, None, operation.quantity)
            self._add(
                task, operation.type, operation.f, operation.value, operation.quantity,
                error=operation.error,
            )  # fmt: skip
            begun = False

    def _add(
        self,
        task: int,
        kind: str,
        f: str,
        value: int | str | None,
        quantity: int,
        *,
        resource: str | None = None,
        saw: int | None = None,
        error: str | None = None,
    ) -> None:
        index = len(self.events)
        self.events.append(
            Event(
                index, task, kind, f, value, index, error=error, quantity=quantity,
                resource=resource, saw=saw, pid=task + 1,
            )
        )  # fmt: skip
