"""The seam of foreign code: each effect of a purchase function is one step of `booking.core.steps`.

An interceptor calls `Seam.perform` with what the code is about to do. The seam announces it, waits
until the explorer lets this buyer go, carries it out, and keeps what the code was told. Effects
that no interceptor announces are doubts: a result with a doubt proves nothing.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Protocol, TypeVar

import msgspec

from booking.core.steps import step
from booking.instrument.passing import Passing

T = TypeVar("T")
SHOWN_MAX = 200  # characters of a statement or a result
TEXT_MAX = 2000  # characters of a statement: an ORM names every column
STDLIB = str(Path(os.__file__).parent)
OURS = str(Path(__file__).parents[1])
INTERCEPTORS = Path(__file__).parent


class Touch(msgspec.Struct, array_like=True, frozen=True, order=True):
    """One resource that a step reads or writes; `?` for one that could not be named."""

    resource: str
    writes: bool


class Announcement(msgspec.Struct, array_like=True, frozen=True):
    """What a buyer is about to do, and where in the user's code."""

    action: str
    text: str
    touches: tuple[Touch, ...]
    where: str
    through: tuple[str, ...] = ()  # the interceptor, and the packages between it and the code


class Dismissed(BaseException):
    """This execution is over. It must pass through `except Exception` of any code."""


class Hangs(BaseException):
    """This purchase waits for ever. It must pass through `except Exception` of any code."""


class Expired(Exception):  # noqa: N818 - the interceptor raises its library's own error instead
    """No other buyer can go on, so the time limit of a wait strikes."""


class Link(Protocol):
    """The way to the explorer."""

    def hold(self, announcement: Announcement) -> None:
        """Wait until this buyer may go on; raise `Dismissed` where it never will."""

    def refuse(self, *, effect: bool, sleeps: bool) -> None:
        """Wait until another buyer has moved; raise `Expired` where none can."""


class Seam:
    """What one process of a purchase announces; inactive outside of a purchase."""

    def __init__(self) -> None:
        self.learnt: list[str] = []
        self.doubts: list[str] = []
        self.standing: list[str] = []  # doubts about every purchase
        self.at_each_end: list[Callable[[], object]] = []
        self.buyer = self.purchase = 0  # the number of the buyer, and of its purchase
        self.dismissed = False
        self.committed = False  # whether an effect was made that no rollback takes back
        self._link: Link | None = None
        self._thread = 0
        self._inside = 0
        self._passing = Passing()
        self._undo: dict[int, Callable[[], object]] = {}
        self._announced: Announcement | None = None
        self.taken: Announcement | None = None  # the step before the announced one
        self.buyer = 0  # its number
        self._names = 0
        self.session = 0  # of a server, in which the announced step may have to wait

    @property
    def active(self) -> bool:
        """Whether effects are announced now: in a purchase, and not inside an announced one."""
        return self._link is not None and not self._inside

    @property
    def buying(self) -> bool:
        """Whether a purchase is being carried out."""
        return self._link is not None

    def begin(self, link: Link) -> None:
        """Begin a purchase."""
        self.learnt, self.doubts = [], list(self.standing)
        self.purchase += 1
        self.dismissed = self.committed = False
        self._announced = self.taken = None
        self._names = 0
        self._passing = Passing()
        self._thread = threading.get_ident()
        self._link = link

    def leave(self) -> None:
        """Undo what a purchase left open, as steps: others may wait for it."""
        for owner, undo in list(self._undo.items()):
            with suppress(Exception):  # the library's own errors: a connection was closed
                undo()
            self._undo.pop(owner, None)

    def end(self) -> None:
        """End a purchase; undo what it left open."""
        self._link = None
        self.leave()
        for undo in self.at_each_end:
            undo()

    def unique_name(self) -> str:
        """Return a name that no other buyer has, the same in each execution: for a token."""
        self._names += 1
        return f"buyer-{self.buyer}-{self._names}"

    def on_end(self, owner: object, undo: Callable[[], object]) -> None:
        """Have a transaction of a connection undone when the purchase ends, however it ends."""
        self._undo[id(owner)] = undo

    def settled(self, owner: object) -> None:
        """Forget a connection that has no open transaction."""
        self._undo.pop(id(owner), None)

    def perform(
        self,
        action: str,
        text: str,
        touches: Callable[[], tuple[Touch, ...]],
        effect: Callable[[], T],
        *,
        busy: Callable[[Exception], bool] = lambda _: False,
        partial: bool = False,
        failed: Callable[[Exception], str] = lambda error: f"{type(error).__name__}: {error}",
        session: int = 0,
    ) -> T:
        """Carry out one effect as a step, and return what it returns.

        `touches` may ask what the effect touched: it is called behind it, too. `busy` tells
        whether an error means that another buyer is in the way and nothing was done; then the
        effect is tried again behind another buyer's step. `partial`: trying has an effect itself.
        `failed` returns what the code learns by an error: the same in the same order. `session`
        is that of a server in which the effect may have to wait.
        """
        if not self.active:
            return effect()
        self._ensure_known_thread(text)
        if self.dismissed:
            raise Dismissed
        self.taken, self.session = self._announced, session
        text = shortened(self._passing.alike(text), TEXT_MAX)
        self._announced = Announcement(action, text, touches(), *caller())
        step(action, self._announced.touches[0].resource if self._announced.touches else "?")
        while True:
            try:
                with self.inside():
                    return effect()
            except Exception as error:
                if not busy(error):
                    self.learn(failed(error))
                    raise
                if not self._another_moves(effect=partial):
                    self.learn(failed(error))
                    raise
            finally:
                self.touched(touches())

    def touched(self, touches: tuple[Touch, ...]) -> None:
        """Take note of what the last step touched, now that it is known."""
        if self._announced is not None:
            self._announced = msgspec.structs.replace(self._announced, touches=touches)

    @property
    def announced(self) -> Announcement | None:
        """The last announcement, with all that it is known to touch."""
        return self._announced

    def pause(self) -> bool:
        """Wait until another buyer has moved, as a sleep does; return False where none can."""
        return self._another_moves(effect=False, sleeps=True)

    def _another_moves(self, *, effect: bool, sleeps: bool = False) -> bool:
        assert self._link is not None
        try:
            self._link.refuse(effect=effect, sleeps=sleeps)
        except Expired:
            return False
        return True

    def learn(self, told: object) -> None:
        """Keep what the code was told: an execution must be told the same in the same order."""
        if self.active or self._inside:
            self.learnt.append(shortened(self._passing.alike(str(told)), TEXT_MAX))

    def doubt(self, what: str) -> None:
        """Take note of an effect that is no step, once."""
        if self._link is not None and not self._inside and not self.dismissed:
            text = f"{place() or 'the purchase'}: {what}"
            if text not in self.doubts:
                self.doubts.append(text)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Announce nothing in this block: it is part of a step, or is no effect."""
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    def _ensure_known_thread(self, text: str) -> None:
        if threading.get_ident() != self._thread:
            self.doubts.append(f"another thread takes a step: {text[:SHOWN_MAX]}")

    # The driver of `booking.core.steps`, in a buyer's process.

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Wait until the explorer lets this buyer take the step."""
        if self._link is None or self._inside:
            return
        announced = self._announced
        if announced is None or announced.action != action:  # code that announces its own steps
            touches = (Touch(resource, writes=True),)
            self.taken = announced
            announced = self._announced = Announcement(action, f"{action} {resource}", touches, "")
        self._link.hold(announced)

    def saw(self, value: int | None) -> None:
        """Keep what a step of code that announces itself gave."""
        self.learn(value)

    def network(self) -> None:
        """Take no time: the explorer alone orders the buyers."""


def encodable(text: str) -> str:
    """Return a text that can be sent: names of files may have bytes that are no characters."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def shortened(text: str, most: int) -> str:
    """Return a text that is no longer than that, but is another one wherever the text is."""
    text = encodable(text)
    if len(text) <= most:
        return text
    return f"{text[:most]} … {sha256(text.encode(errors='replace')).hexdigest()[:12]}"


def place() -> str:
    """Return the line of the user's code that is being carried out: `shop/orders.py:14`."""
    return caller()[0]


def caller() -> tuple[str, tuple[str, ...]]:
    """Return the line of the user's code, and what it went through to come here, inside out."""
    frame: FrameType | None = sys._getframe(1)
    ours = ""
    packages: dict[str, bool] = {}
    while frame is not None:
        file = frame.f_code.co_filename
        package = package_of(file)
        if package is None:
            return f"{_shown(file)}:{frame.f_lineno}", (
                ours,
                *(one for one in packages if one != ours),
            )
        if package == OURS:
            ours = Path(file).relative_to(INTERCEPTORS).parts[0].removesuffix(".py")
        elif package:
            packages[package] = True
        frame = frame.f_back
    return "", ()


def is_users(function: object) -> bool:
    """Return whether a function is written in a file of the user's."""
    code = getattr(function, "__code__", None)
    return code is not None and package_of(code.co_filename) is None


@cache
def package_of(file: str) -> str | None:
    """Return the package that a file belongs to: ours, an installed one, none; None: the user's."""
    _, installed, inside = file.rpartition("site-packages")
    if installed:
        return inside.replace("\\", "/").strip("/").split("/", 1)[0].removesuffix(".py")
    if file.startswith(f"{INTERCEPTORS}{os.sep}"):
        return OURS
    if file.startswith(OURS):
        return ""
    return "" if file.startswith((STDLIB, "<")) else None


def _shown(file: str) -> str:
    """Return a file's path from the current folder, where it lies there."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
