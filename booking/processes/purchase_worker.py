"""A buyer that is a purchase function in a process of its own, with nothing in its way.

It is forked before the user's modules are imported, and imports them itself: it inherits no
connection. The harness sends what to do; each purchase begins when the start barrier opens.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from booking.core.registry import takes_argument
from booking.errors import BookingError
from booking.processes.behaviour_buyer import Bought, bought_of, place_of
from booking.processes.parent_death import die_with_parent
from booking.processes.start_barrier import StartBarrier

START_S = 60.0  # a harness that opens no barrier for so long has gone
REFUSALS_MAX = 20  # in a row: what refuses a buyer will not go away
Load = Callable[[int], Callable[..., Any]]


class Purchase(NamedTuple):
    """One call of a purchase function: when it began and ended, and what it answered."""

    begun_ns: int
    ended_ns: int
    bought: Bought


class WorkerEndedError(Exception):
    """A worker's process has ended, or did not answer in time; the message says which."""


class PurchaseWorker:
    """One process; `load` imports the function, `start` has it buy at the barrier."""

    def __init__(self, number: int, load: Load, barrier: StartBarrier) -> None:
        self.number = number
        self._line, theirs = Pipe()
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_serve, args=(number, load, theirs, barrier))
        self._process.start()
        theirs.close()

    def load(self, timeout_s: float) -> None:
        """Import the function there; raise the `BookingError` that it ends with."""
        self._line.send(("load", 0.0))
        answer = self.answer(timeout_s)
        if isinstance(answer, BookingError):
            raise answer

    def start(self, sells_s: float = 0.0) -> None:
        """Have it buy when the barrier opens: once, or for so long, until nothing is left."""
        self._line.send(("buy", sells_s))

    def answer(self, timeout_s: float) -> Any:
        """Return what it sends; raise `WorkerEndedError` where nothing comes."""
        if not wait([self._line], timeout_s):
            raise WorkerEndedError(f"has not ended after {timeout_s:g} s")
        try:
            return self._line.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            raise WorkerEndedError(_ending(self._process.exitcode)) from None

    def close(self) -> None:
        """End the process."""
        self._line.close()
        self._process.kill()
        self._process.join()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended its process with code {code}"


def _serve(number: int, load: Load, line: Connection, barrier: StartBarrier) -> None:
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    buy: Callable[[], Any] = bool
    while True:
        try:
            word, sells_s = line.recv()
        except (EOFError, ConnectionResetError):
            os._exit(0)
        if word == "buy":
            line.send(_bought(buy, barrier, sells_s))
            continue
        try:
            function = load(number)
            buy = partial(function, number) if takes_argument(function) else function
            line.send(None)
        except BookingError as error:
            line.send(error)


def _bought(buy: Callable[[], Any], barrier: StartBarrier, sells_s: float) -> list[Purchase]:
    """Buy once, or until nothing is left or the time is over."""
    if not barrier.wait(START_S):
        os._exit(0)
    end_ns = time.monotonic_ns() + int(sells_s * 1e9)
    purchases: list[Purchase] = []
    refusals = 0
    while True:
        begun_ns = time.monotonic_ns()
        bought = _answer(buy)
        purchases.append(Purchase(begun_ns, time.monotonic_ns(), bought))
        refusals = 0 if bought.result == "sold" else refusals + 1
        if bought.result == "sold-out" or refusals > REFUSALS_MAX:
            return purchases
        if time.monotonic_ns() >= end_ns:
            return purchases


def _answer(buy: Callable[[], Any]) -> Bought:
    """Buy; behind an exception it is not known whether anything was sold."""
    try:
        return bought_of(buy())
    except BaseException as error:  # it may be anything
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return Bought("unknown", error=text, where=place_of(error))
