"""`queue`: the producer-consumer of the tutorials, kept to show the difference.

A `multiprocessing.Queue` to the clerk, one back to each buyer, and one purchase at a time. Each
message is pickled, locked and handed to a thread, and each sale is a write of its own. Waiting has
no limit: buyers whose clerk died with their order hang.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from booking.core.base_classes import BaseGuard
from booking.core.protocols import Kit, Order, Reply, Store
from booking.core.steps import network, saw, step
from booking.guards.common.clerk_lock import clerk_lock, holding, no_clerk
from booking.guards.common.read_check_write import read_check_write
from booking.system.tracked_resources import tracked

if TYPE_CHECKING:
    from multiprocessing.queues import Queue


class QueueGuard(BaseGuard):
    """orders.put(q); the clerk: get one order, read, check, write, put its answer; answers.get().

    Needs a process of its own, and a lock against a second one. Costs two messages, pickled,
    locked and handed to a thread, and a write for each sale; buyers whose clerk died with their
    order wait without a limit.
    """

    sound = True
    holds = "flock"
    explorable = False
    explorable_not = "multiprocessing.Queue sends from a thread; use --guard clerk"
    crash_safe = False  # a clerk that dies while it waits keeps the queue's own lock for ever

    def __init__(self, kit: Kit) -> None:
        self._lock = clerk_lock(kit, "queue")
        self._orders: Queue[Any] | None = None
        self._answers: list[Queue[Any]] = []

    def open(self, folder: Path, buyers: int) -> None:
        """Make the queues from the spawn context: those travel to processes of every kind."""
        context = get_context("spawn")
        with tracked():
            self._orders = context.Queue()
            self._answers = [context.Queue() for _ in range(buyers)]

    def sell(self, store: Store, order: Order) -> Reply:
        """Put the order into the queue; wait for the answer."""
        if self._orders is None:
            raise no_clerk("queue")
        network()
        step("send", "orders", order.quantity)
        self._orders.put(order)
        step("receive", f"answers-{order.buyer}")
        reply: Reply = self._answers[order.buyer].get()
        saw(_number(reply))
        return reply

    def serve(self, store: Store, ready: Callable[[], object]) -> None:
        """Carry out one order after another, until dismissed."""
        if self._orders is None:
            raise no_clerk("queue")
        with holding(self._lock, "queue"):
            ready()
            while True:
                step("receive", "orders")
                order = self._orders.get()
                saw(int(order is not None))
                if order is None:
                    return
                reply = read_check_write(store, order)
                step("send", f"answers-{order.buyer}", _number(reply))
                self._answers[order.buyer].put(reply)

    def dismiss(self) -> None:
        """Put the end mark into the queue."""
        if self._orders is not None:
            self._orders.put(None)

    def close(self) -> None:
        """Close the queues; wait for the delivery of nothing that is still in them."""
        for queue in [self._orders, *self._answers]:
            if queue is not None:
                queue.cancel_join_thread()
                queue.close()


def _number(reply: Reply) -> int:
    return reply.ticket if isinstance(reply.ticket, int) else 0
