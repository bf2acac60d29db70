"""`clerk`: buyers queue up, and one process serves all that wait with a single write.

Orders are fixed-size messages in one bounded pipe; answers come back through one pipe a buyer.
A write of the inventory costs many times what a message costs, and here all waiting buyers share
it: see docs/explanation/clerk.md.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Any

from booking.core.base_classes import BaseGuard
from booking.core.order_execution import TORN_READ, UNREADABLE
from booking.core.per_process import PerProcess
from booking.core.protocols import SOLD_OUT, Kit, Order, Reply, Store
from booking.core.steps import network, saw, step
from booking.errors import InventoryError, MalformedError
from booking.guards.common.clerk_lock import clerk_lock, holding, no_clerk
from booking.guards.common.mailbox import DRAIN_BYTES, Mailbox
from booking.system.deadline import Expired, arm, disarm

ORDER = Struct("<IIQ")  # buyer, quantity (0: no more orders will come), number of the order
ANSWER = Struct("<Qq")  # number of the order; the ticket, or one of those below
ORDERS = "orders"
ANSWERS_BYTES = 64 * ANSWER.size
NOTHING_LEFT, TORN, NOT_READ, NOT_WRITTEN = 0, -1, -2, -3
REPLIES = {
    NOTHING_LEFT: Reply("fail", error=SOLD_OUT),
    TORN: Reply("fail", error=TORN_READ),
    NOT_READ: Reply("fail", error=UNREADABLE),
    NOT_WRITTEN: Reply("info", error="not-written"),
}
QUEUE_FULL = Reply("fail", error="queue-full")  # it was never sent, so it certainly did not happen
NO_ANSWER = Reply("info", error="no-answer")
POLL_S = 0.001  # a full pipe is "writable" only when a whole page is free: ask again


@dataclass(slots=True)
class _Pipes:
    """What one process has open: the queue, and answer pipes by buyer (descriptor, resource)."""

    orders_fd: int
    incoming: dict[int, tuple[int, str]] = field(default_factory=dict)  # of buyers in it
    outgoing: dict[int, tuple[int, str]] = field(default_factory=dict)  # of the clerk in it


class ClerkGuard(PerProcess[_Pipes], BaseGuard):
    """send q; the clerk: take all that wait, n = n − q for each, one write, answer; receive.

    Needs a process of its own, a lock against a second one, and all buyers on its machine. Costs
    two messages an order, and shares a write among all that wait. When a clerk dies, orders wait
    for the next one; a buyer that gets no answer in time knows only that it may have bought.
    """

    sound = True
    holds = "flock"  # against a second clerk, and against buyers with a lock
    crash_safe = True  # orders wait for the next clerk; it writes before it answers

    def __init__(self, kit: Kit) -> None:
        self._lock = clerk_lock(kit, "clerk")
        self._timeout_s = kit.answer_timeout_s
        self._folder: Path | None = None
        self._orders: Mailbox | None = None
        self._number = 0  # of the last order

    # The harness.

    def open(self, folder: Path, buyers: int) -> None:
        """Make the queue, and a pipe for each buyer's answers."""
        self._folder = folder
        self._orders = Mailbox(folder / ORDERS, blocking=False)
        self._orders.create()
        for buyer in range(buyers):
            os.mkfifo(folder / f"answers-{buyer}", 0o600)

    def dismiss(self) -> None:
        """Put the last message into the queue; where the queue is full, no clerk reads it."""
        if self._orders is not None:
            with suppress(BlockingIOError):
                os.write(self._orders.fileno(), ORDER.pack(0, 0, 0))

    def close(self) -> None:
        """Close this process's pipes; unread messages are lost when the last process does."""
        self.release_own()
        if self._orders is not None:
            self._orders.close()

    def open_own(self) -> _Pipes:
        """Open the queue; an answer pipe is opened at its first use."""
        if self._orders is None:
            raise no_clerk("clerk")
        return _Pipes(self._orders.fileno())

    def close_own(self, own: _Pipes) -> None:
        """Close the answer pipes."""
        for fd, _ in (*own.incoming.values(), *own.outgoing.values()):
            os.close(fd)

    # The buyers.

    def sell(self, store: Store, order: Order) -> Reply:
        """Send the order; wait for its answer until the time limit."""
        buyer, quantity = order.buyer, order.quantity
        pipes = self.own()
        answers_fd, answers = pipes.incoming.get(buyer) or self._open_answers(buyer)
        network()
        self._number = number = self._number + 1
        message = ORDER.pack(buyer, quantity, number)
        step("send", ORDERS, quantity)
        try:
            os.write(pipes.orders_fd, message)
        except BlockingIOError:
            if not self._send_later(message):
                return QUEUE_FULL
        step("receive", answers)
        ticket = self._receive(answers_fd, number)
        saw(ticket)
        if ticket is None:
            return NO_ANSWER
        return Reply("ok", ticket) if ticket > 0 else REPLIES[ticket]

    def _open_answers(self, buyer: int) -> tuple[int, str]:
        """Open a buyer's answers before it sends an order: the answer then meets an open pipe."""
        assert self._folder is not None
        mailbox = Mailbox(self._folder / f"answers-{buyer}", blocking=True)
        answers = self.own().incoming[buyer] = mailbox.open_own(), mailbox.resource
        return answers

    def _send_later(self, message: bytes) -> bool:
        """Put an order into a queue that is full: poll until the clerk has taken some."""
        orders_fd = self.own().orders_fd
        for _ in range(1 + int(self._timeout_s / POLL_S)):
            select.select((), (), (), POLL_S)
            try:
                os.write(orders_fd, message)
            except BlockingIOError:
                continue
            return True
        return False

    def _receive(self, fd: int, number: int) -> int | None:
        """Return the answer to order `number`, or None; skip answers that came too late."""
        if not self._timeout_s or not arm(self._timeout_s):
            return self._receive_by_poll(fd, number)
        try:
            while True:
                for answered, ticket in ANSWER.iter_unpack(os.read(fd, ANSWERS_BYTES)):
                    if answered == number:
                        disarm()
                        return ticket  # type: ignore[no-any-return]  # the struct says int
        except Expired:
            return None
        except BaseException:
            disarm()
            raise

    def _receive_by_poll(self, fd: int, number: int) -> int | None:
        """Wait without an alarm: alarms reach the main thread only."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        while poll.poll(self._timeout_s * 1000):
            for answered, ticket in ANSWER.iter_unpack(os.read(fd, DRAIN_BYTES)):
                if answered == number:
                    return int(ticket)
        return None

    # The clerk.

    def serve(self, store: Store, ready: Callable[[], object]) -> None:
        """Serve all waiting orders at once, again and again, until dismissed."""
        if self._folder is None:
            raise no_clerk("clerk")
        queue = Mailbox(self._folder / ORDERS, blocking=True)
        with closing(queue), holding(self._lock, "clerk"):
            ready()
            answered = 0
            while True:
                step("receive", queue.resource)
                if not self._timeout_s and not queue.waiting():
                    saw(None)  # with zero timeout, an empty queue returns nothing, as a lock does
                    continue
                orders = list(ORDER.iter_unpack(queue.gather(answered * ORDER.size)))
                answered = len(orders)
                saw(len(orders))
                wanted = [order for order in orders if order[1]]
                if wanted:
                    self.carry_out(store, wanted)
                if len(wanted) < len(orders):
                    return

    def carry_out(self, store: Store, orders: list[tuple[Any, ...]]) -> None:
        """Serve a batch of orders: write first, then answer."""
        self.answer(orders, tickets_for(store, orders))

    def answer(self, orders: list[tuple[Any, ...]], tickets: Iterable[int]) -> None:
        """Answer each buyer; never wait for one that is dead, or reads no more."""
        outgoing, pack, write = self.own().outgoing, ANSWER.pack, os.write
        for (buyer, _, number), ticket in zip(orders, tickets, strict=True):
            fd, resource = outgoing.get(buyer) or self._open_outgoing(buyer)
            step("send", resource, ticket)
            try:
                write(fd, pack(number, ticket))
            except OSError:
                continue  # that buyer no longer reads

    def _open_outgoing(self, buyer: int) -> tuple[int, str]:
        """Open a buyer's pipe; it has a reader unless that buyer is dead."""
        assert self._folder is not None
        path = self._folder / f"answers-{buyer}"
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return -1, path.name  # the write fails, as it does to a buyer that just died
        self.own().outgoing[buyer] = fd, path.name
        return fd, path.name


def tickets_for(store: Store, orders: list[tuple[Any, ...]]) -> list[int]:
    """Serve every order with one read and one write; return each order's answer."""
    try:
        remaining = before = store.read()
    except InventoryError as error:
        return [TORN if isinstance(error, MalformedError) else NOT_READ] * len(orders)
    tickets = []
    for _, quantity, _ in orders:
        if quantity > remaining:
            tickets.append(NOTHING_LEFT)
        else:
            tickets.append(remaining)
            remaining -= quantity
    if remaining < before:
        try:
            store.write(remaining)
        except InventoryError:
            return [ticket and NOT_WRITTEN for ticket in tickets]
    return tickets
