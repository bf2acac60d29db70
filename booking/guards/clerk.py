"""`clerk`: buyers queue up, and one process serves all who wait with a single write.

Orders are fixed-size messages in one bounded pipe, answers come back through one pipe a buyer.
A write of the inventory costs many times what a message costs, and here it is shared by
everybody who waits: see docs/explanation/clerk.md.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from struct import Struct
from typing import Any

from booking.core.protocols import SOLD_OUT, Kit, Order, Reply, Store
from booking.core.steps import network, saw, step
from booking.errors import InventoryError, MalformedError
from booking.guards.common.clerk_lock import closed, on_duty, sole_lock
from booking.guards.common.mailbox import DRAIN_BYTES, Mailbox
from booking.system.deadline import Expired, lift, limit

ORDER = Struct("<IIQ")  # buyer, quantity (0: go home), number of the order
ANSWER = Struct("<Qq")  # number of the order; the ticket, or one of those below
ORDERS = "orders"
ANSWERS_BYTES = 64 * ANSWER.size
NOTHING_LEFT, TORN, UNREADABLE, NOT_WRITTEN = 0, -1, -2, -3
REPLIES = {
    NOTHING_LEFT: Reply("fail", error=SOLD_OUT),
    TORN: Reply("fail", error="torn-read"),
    UNREADABLE: Reply("fail", error="unreadable"),
    NOT_WRITTEN: Reply("info", error="not-written"),
}
NO_ROOM = Reply("fail", error="queue-full")  # it was never sent, so it certainly did not happen
NO_ANSWER = Reply("info", error="no-answer")
LATER_S = 0.001  # a full pipe is "writable" only when a whole page is free: ask again


class ClerkGuard:
    """send q; the clerk: take all that wait, n = n − q for each, one write, answer; receive.

    Needs a process of its own, a lock against a second one, and all buyers on its machine. Costs
    two messages an order, and shares a write among all who wait; when a clerk dies, orders wait
    for the next one, and whoever gets no answer in time knows only that he may have bought.
    """

    needs = Store
    sound = True
    holds = "flock"  # against a second clerk, and against buyers with a lock
    crash_safe = True  # orders wait for the next clerk, and nothing is answered before it is kept

    def __init__(self, kit: Kit) -> None:
        self._lock = sole_lock(kit, "clerk")
        self._timeout_s = kit.answer_timeout_s
        self._folder: Path | None = None
        self._orders: Mailbox | None = None
        self._answers: dict[int, Mailbox] = {}
        self._pid = 0  # of the process that opened what follows
        self._orders_fd = -1
        self._mine: dict[int, tuple[int, str]] = {}  # where each buyer in it is answered
        self._desk: dict[int, tuple[int, str]] = {}  # where this clerk answers each buyer
        self._number = 0

    # The harness.

    def open(self, folder: Path, buyers: int) -> None:
        """Make the queue, and a pipe for each buyer's answers."""
        self._folder = folder
        self._orders = Mailbox(folder / ORDERS, blocking=False)
        self._orders.create()
        for buyer in range(buyers):
            os.mkfifo(folder / f"answers-{buyer}", 0o600)

    def dismiss(self) -> None:
        """Put the last message into the queue; a clerk that cannot read it is past telling."""
        if self._orders is not None:
            with suppress(BlockingIOError):
                os.write(self._orders.fileno(), ORDER.pack(0, 0, 0))

    def close(self) -> None:
        """Let go of the pipes; what was not read is gone when the last one does."""
        for mailbox in self._answers.values():
            mailbox.close()
        if self._orders is not None:
            self._orders.close()
        for fd, _ in self._desk.values():
            os.close(fd)
        self._desk.clear()

    # The buyers.

    def sell(self, store: Store, order: Order) -> Reply:
        """Hand the order in, and wait for its answer as long as is reasonable."""
        if self._pid != os.getpid():
            self._enter()
        answers_fd, answers = self._mine.get(order.buyer) or self._mailbox(order.buyer)
        network()
        self._number = number = self._number + 1
        message = ORDER.pack(order.buyer, order.quantity, number)
        step("send", ORDERS, order.quantity)
        try:
            os.write(self._orders_fd, message)
        except BlockingIOError:
            if not self._send_later(message):
                return NO_ROOM
        step("receive", answers)
        ticket = self._receive(answers_fd, number)
        saw(ticket)
        if ticket is None:
            return NO_ANSWER
        return Reply("ok", ticket) if ticket > 0 else REPLIES[ticket]

    def _enter(self) -> None:
        """Open this process's end of the queue; what was open before a fork is the parent's."""
        if self._orders is None:
            raise closed("clerk")
        self._orders_fd, self._pid, self._mine = self._orders.fileno(), os.getpid(), {}

    def _mailbox(self, buyer: int) -> tuple[int, str]:
        """Open a buyer's answers before he sends anything: the answer then meets an open pipe."""
        assert self._folder is not None
        answers = self._answers[buyer] = Mailbox(self._folder / f"answers-{buyer}", blocking=True)
        self._mine[buyer] = answers.fileno(), answers.resource
        return self._mine[buyer]

    def _send_later(self, message: bytes) -> bool:
        """Put an order into a queue that is full: wait until the clerk has taken some."""
        for _ in range(1 + int(self._timeout_s / LATER_S)):
            select.select((), (), (), LATER_S)
            try:
                os.write(self._orders_fd, message)
            except BlockingIOError:
                continue
            return True
        return False

    def _receive(self, fd: int, number: int) -> int | None:
        """Give the answer to order `number`, or None; older answers came too late for theirs."""
        if not self._timeout_s or not limit(self._timeout_s):
            return self._receive_by_poll(fd, number)
        try:
            while True:
                for answered, ticket in ANSWER.iter_unpack(os.read(fd, ANSWERS_BYTES)):
                    if answered == number:
                        lift()
                        return ticket  # type: ignore[no-any-return]  # the struct says int
        except Expired:
            return None
        except BaseException:
            lift()
            raise

    def _receive_by_poll(self, fd: int, number: int) -> int | None:
        """Wait without an alarm: they come to the main thread only."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        while poll.poll(self._timeout_s * 1000):
            for answered, ticket in ANSWER.iter_unpack(os.read(fd, DRAIN_BYTES)):
                if answered == number:
                    return int(ticket)
        return None

    # The clerk.

    def serve(self, store: Store, ready: Callable[[], object]) -> None:
        """Serve whoever waits, all at once, again and again until told to go home."""
        if self._folder is None:
            raise closed("clerk")
        queue = Mailbox(self._folder / ORDERS, blocking=True)
        with closing(queue), on_duty(self._lock, "clerk"):
            ready()
            answered = 0
            while True:
                step("receive", queue.resource)
                if not self._timeout_s and not queue.waiting():
                    saw(None)  # who has no time to wait finds nothing, as with a lock
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
        """Serve everybody who waits: first it is kept, then it is told."""
        self.answer(orders, tickets_for(store, orders))

    def answer(self, orders: list[tuple[Any, ...]], tickets: Iterable[int]) -> None:
        """Tell each buyer; one that is gone, or reads no more, is not waited for."""
        desk, pack, write = self._desk, ANSWER.pack, os.write
        for (buyer, _, number), ticket in zip(orders, tickets, strict=True):
            fd, resource = desk.get(buyer) or self._reach(buyer)
            step("send", resource, ticket)
            try:
                write(fd, pack(number, ticket))
            except OSError:
                continue  # nobody reads there any more

    def _reach(self, buyer: int) -> tuple[int, str]:
        """Open a buyer's pipe; it has a reader unless that buyer is dead."""
        assert self._folder is not None
        path = self._folder / f"answers-{buyer}"
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return -1, path.name  # the write fails, as it does to a buyer who just died
        self._desk[buyer] = fd, path.name
        return fd, path.name


def tickets_for(store: Store, orders: list[tuple[Any, ...]]) -> list[int]:
    """Serve every order with one read and one write; nobody hears of it before it is kept."""
    try:
        remaining = before = store.read()
    except InventoryError as error:
        return [TORN if isinstance(error, MalformedError) else UNREADABLE] * len(orders)
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
