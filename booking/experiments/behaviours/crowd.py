"""Buyers of a purchase function in free processes, and the functions around it.

Buyers are forked first, and import the user's modules themselves. This process imports them too,
for `--setup` and `--check`, behind the interceptors that refuse a server that may not be reset.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from booking.errors import BookingError, UsageError
from booking.experiments.behaviours.django_databases import DjangoDatabases
from booking.experiments.behaviours.exploration import BehaviourSpec
from booking.experiments.behaviours.exploration_host import Functions, function_of
from booking.experiments.behaviours.servers import BehaviourServers
from booking.instrument.interceptor import installed
from booking.instrument.seam import Seam
from booking.processes.behaviour_buyer import Bought
from booking.processes.purchase_worker import Purchase, PurchaseWorker, WorkerEndedError
from booking.processes.start_barrier import StartBarrier

LOAD_S = 60.0


class Crowd(NamedTuple):
    """The functions, and buyers that have imported the one that buys."""

    functions: Functions
    buyers: list[PurchaseWorker]
    barrier: StartBarrier

    def fill(self, limit_s: float) -> int:
        """Fill the inventory, and return how many tickets there are."""
        with limited(limit_s):
            self.functions.setup()
            return self.functions.count()

    def look(
        self, tickets: int, answers: list[Bought], limit_s: float
    ) -> tuple[int, dict[str, str]]:
        """Return how many tickets are left, and what is wrong."""
        with limited(limit_s):
            return self.functions.count(), self.functions.find_anomalies(tickets, answers)

    def sell(
        self, crowd: Sequence[PurchaseWorker], timeout_s: float, sells_s: float = 0.0
    ) -> tuple[list[list[Purchase]], dict[int, str], int]:
        """Have these buy at once; return their purchases, who ended how, and the start."""
        for buyer in crowd:
            buyer.start(sells_s)
        arrived, deadline_s = 0, time.monotonic() + timeout_s
        while arrived < len(crowd) and time.monotonic() < deadline_s:
            if self.barrier.has_arrivals(max(deadline_s - time.monotonic(), 0.0)):
                arrived += self.barrier.count_arrivals()
        opened_ns = time.monotonic_ns()
        self.barrier.open(len(crowd))
        found: list[list[Purchase]] = []
        ended: dict[int, str] = {}
        deadline_s = time.monotonic() + sells_s + timeout_s
        for buyer in crowd:
            try:
                found.append(buyer.answer(max(deadline_s - time.monotonic(), 0.0)))
            except WorkerEndedError as error:
                late = "has not" in str(error)
                ended[buyer.number] = f"has not ended after {timeout_s:g} s" if late else str(error)
                found.append([])
        return found, ended, opened_ns


@contextmanager
def crowd_of(spec: BehaviourSpec, behaviours: Sequence[str] = ()) -> Iterator[Crowd]:
    """Start the buyers, and import the functions on both sides.

    `behaviours`: instead of the one of the spec, each of these has as many buyers, in this order.
    """
    interceptors = [one for one in installed() if hasattr(one, "connecting")]
    servers = BehaviourServers(spec.servers, spec.reset, interceptors)
    barrier = StartBarrier()
    buyers: list[PurchaseWorker] = []
    try:
        for behaviour in behaviours or [spec.behaviour]:
            buyers += [
                PurchaseWorker(number, _loading(spec, behaviour), barrier)
                for number in range(spec.buyers)
            ]
        for interceptor in interceptors:
            interceptor.install(Seam())
        functions = Functions(spec, DjangoDatabases(spec.django))
        functions.setup()
        functions.count()
        for buyer in buyers:  # one after the other: `--init` may make what all of them share
            try:
                buyer.load(LOAD_S)
            except WorkerEndedError as error:
                raise UsageError(f"buyer {buyer.number} {error} while it was imported") from None
        yield Crowd(functions, buyers, barrier)
    finally:
        for buyer in buyers:
            buyer.close()
        barrier.close()
        servers.close()


@contextmanager
def limited(limit_s: float) -> Iterator[None]:
    """Raise `TimeoutError` in this block after a time: a buyer may have left a lock behind."""

    def late(*_: object) -> None:
        raise TimeoutError(f"has not ended after {limit_s:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _loading(spec: BehaviourSpec, behaviour: str) -> Callable[[int], Callable[..., Any]]:
    def load(_number: int) -> Callable[..., Any]:
        if spec.init is not None:
            try:
                function_of("--init", spec.init)()
            except BookingError:
                raise
            except (Exception, SystemExit) as error:
                text = " ".join(f"{type(error).__name__}: {error}".split())
                raise UsageError(f"--init fails: {text}") from None
        function: Callable[..., Any] = function_of("--behaviour", behaviour)
        return function

    return load
