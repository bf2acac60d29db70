"""A buyer that is a purchase function: a process that is held at each of its effects.

The harness forks it with the function, and sends a word for each thing to do. Each answer is one
report: the next effect, a refusal, or the end.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection
from multiprocessing.connection import Connection
from typing import Any, Literal

import msgspec

from booking.core.registry import takes_argument
from booking.core.steps import drive
from booking.instrument.chance import PURCHASES, heard
from booking.instrument.seam import Announcement, Dismissed, Expired, Hangs, Seam
from booking.instrument.tripwire import doubt_drivers

RUN, GO, EXPIRE, DISMISS, QUIT = b"run", b"go", b"expire", b"dismiss", b"quit"
Result = Literal["sold", "sold-out", "refused", "unknown", "hung"]


class Bought(msgspec.Struct, array_like=True, frozen=True, order=True):
    """How a purchase ended: tickets sold, or why not; `refused` certainly changed nothing."""

    result: Result
    tickets: int = 0
    seats: tuple[str, ...] = ()
    error: str = ""
    where: str = ""


class BuyerReport(msgspec.Struct, array_like=True, frozen=True):
    """A buyer's message: it stands before a step, was refused, or has ended."""

    state: Literal["ready", "refused", "ended"]
    last: Announcement | None  # the step before, with what it is known to have touched
    learnt: list[str]  # what the code was told since the report before
    doubts: list[str]
    next: Announcement | None = None
    bought: Bought | None = None
    effect: bool = False  # whether the refused attempt itself changed anything
    sleeps: bool = False
    session: int = 0  # of a server, in which the next step may have to wait


_encode = msgspec.msgpack.Encoder().encode
decode_report = msgspec.msgpack.Decoder(BuyerReport).decode


class _HarnessLink:
    """The seam's way to the harness, over a pipe."""

    def __init__(self, connection: Connection, seam: Seam) -> None:
        self._connection = connection
        self._seam = seam

    def hold(self, announcement: Announcement) -> None:
        """Report the step that comes next, and wait until it may be taken."""
        self.report("ready", self._seam.taken, next=announcement, session=self._seam.session)
        self._wait()

    def refuse(self, *, effect: bool, sleeps: bool) -> None:
        """Report that nothing can be done now, and wait."""
        self.report("refused", self._seam.announced, effect=effect, sleeps=sleeps)
        self._wait()

    def report(
        self, state: Literal["ready", "refused", "ended"], last: Announcement | None, **more: Any
    ) -> None:
        """Send what the code was told since the report before, and what comes next."""
        seam = self._seam
        report = BuyerReport(state, last, seam.learnt, seam.doubts, **more)
        self._connection.send_bytes(_encode(report))
        seam.learnt, seam.doubts = [], []

    def _wait(self) -> None:
        word = self._connection.recv_bytes()
        if word == GO:
            return
        if word == EXPIRE:
            raise Expired
        self._seam.dismissed = True
        raise Dismissed


def buyer_main(
    connection: Connection,
    number: int,
    buy: Callable[..., Any],
    seam: Seam,
    covered: Collection[str] = (),
) -> None:
    """Buy once for each `run`, until the harness has no more to say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    takes_number = takes_argument(buy)
    drive(seam)
    seam.buyer = number
    purchases = 0
    while True:
        try:
            word = connection.recv_bytes()
        except EOFError:
            os._exit(0)
        if word == QUIT:
            os._exit(0)
        link = _HarnessLink(connection, seam)
        seam.begin(link)
        with heard(seam, listens=purchases < PURCHASES):
            bought = _bought(seam, (lambda: buy(number)) if takes_number else buy)
        purchases += 1
        seam.end()
        doubt_drivers(seam, covered)
        link.report("ended", seam.announced, bought=bought)


def _bought(seam: Seam, buy: Callable[[], Any]) -> Bought:
    try:
        try:
            answer = buy()
        finally:
            seam.leave()
        return bought_of(answer)
    except Dismissed:
        return Bought("unknown", error="dismissed")
    except Hangs as error:
        return Bought("hung", error=str(error))
    except BaseException as error:  # it may be anything
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return Bought("unknown" if seam.committed else "refused", error=text, where=place_of(error))


def bought_of(answer: Any) -> Bought:
    """Return what a purchase function's answer means."""
    if answer is None or answer is False:
        return Bought("sold-out")
    if answer is True:
        return Bought("sold", 1)
    if isinstance(answer, int):
        return Bought("sold", answer) if answer > 0 else Bought("sold-out")
    if isinstance(answer, (str, tuple, list)):
        seats = (answer,) if isinstance(answer, str) else tuple(map(str, answer))
        return Bought("sold", len(seats), seats) if seats and seats[0] else Bought("sold-out")
    return Bought("sold", 1) if answer else Bought("sold-out")


def place_of(error: BaseException) -> str:
    """Return the line that raised an error."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at is not None else ""
