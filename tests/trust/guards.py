"""Guards made by operators from the sound purchase, and guards with mistakes made by hand.

A purchase is a program of effects. An operator drops one, swaps two, repeats one, or narrows the
lock to a part of it. Every class has a name here, so that it travels to other processes.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from booking.core.protocols import Kit, Order, Reply, Store
from booking.core.steps import network
from booking.errors import UsageError
from booking.guards.common.read_check_write import read_check_write
from booking.guards.common.replies import NO_LOCK, NO_TICKETS

Program = tuple[str, ...]

SOUND: Program = ("acquire", "read", "network", "check", "write", "release")


def drop(program: Program, *effects: str) -> Program:
    """Leave effects out."""
    return tuple(effect for effect in program if effect not in effects)


def swap(program: Program, one: str, other: str) -> Program:
    """Exchange two effects."""
    places = {one: other, other: one}
    return tuple(places.get(effect, effect) for effect in program)


def repeat(program: Program, effect: str) -> Program:
    """Do an effect twice in a row."""
    at = program.index(effect)
    return (*program[:at], effect, *program[at:])


def change(program: Program, old: str, new: str) -> Program:
    """Do another effect in place of one."""
    return tuple(new if effect == old else effect for effect in program)


def narrow(program: Program, first: str, last: str) -> Program:
    """Hold the lock from one effect to another, and no longer."""
    bare = drop(program, "acquire", "release")
    begin, end = bare.index(first), bare.index(last) + 1
    return (*bare[:begin], "acquire", *bare[begin:end], "release", *bare[end:])


class Purchase:
    """The locked purchase, carried out effect by effect."""

    needs: ClassVar[type] = Store
    program: ClassVar[Program] = SOUND

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def sell(self, store: Store, order: Order) -> Reply:
        run = _Run(self._kit, store, order)
        for effect in self.program:
            reply = getattr(run, effect)()
            if reply is not None:
                return reply
        return run.refusal or Reply("ok", ticket=run.remaining)


class _Run:
    """One order on its way through a program."""

    def __init__(self, kit: Kit, store: Store, order: Order) -> None:
        self.kit, self.store, self.order = kit, store, order
        self.remaining = 1
        self.refusal: Reply | None = None
        self.held = False

    def _lock(self) -> Any:
        assert self.kit.lock is not None
        return self.kit.lock

    def acquire(self) -> Reply | None:
        self.held = self._lock().acquire(self.kit.acquire_timeout_s)
        return None if self.held else NO_LOCK

    def acquire_unheard(self) -> None:
        self.held = self._lock().acquire(self.kit.acquire_timeout_s)

    def acquire_or_sold_out(self) -> Reply | None:
        return None if self._lock().acquire(self.kit.acquire_timeout_s) else NO_TICKETS

    def acquire_in_turn(self) -> Reply | None:
        """The third buyer does not take the lock."""
        return None if self.order.buyer == 2 else self.acquire()

    def acquire_if_few(self) -> Reply | None:
        """Take the lock only when the last ticket is at stake."""
        return self.acquire() if self.store.read() <= 1 else None

    def release(self) -> None:
        self._lock().release()

    def release_if_held(self) -> None:
        if self.held:
            self._lock().release()

    def read(self) -> None:
        self.remaining = self.store.read()

    def read_unheard(self) -> None:
        self.store.read()

    def network(self) -> None:
        network()

    def check(self) -> None:
        self._refuse(self.remaining < self.order.quantity)

    def check_one(self) -> None:
        self._refuse(self.remaining < 1)

    def check_last(self) -> None:
        self._refuse(self.remaining <= self.order.quantity)

    def write(self) -> None:
        self._write(self.remaining - self.order.quantity)

    def write_one(self) -> None:
        self._write(self.remaining - 1)

    def write_clamped(self) -> None:
        self._write(max(0, self.remaining - self.order.quantity))

    def write_rest(self) -> None:
        """Write the count back as it was read."""
        self._write(self.remaining)

    def write_back(self) -> None:
        """Put the tickets back that were just sold."""
        self.store.write(self.remaining)

    def yes(self) -> Reply:
        return Reply("ok", ticket=1)

    def same_number(self) -> None:
        if self.refusal is None:
            self.remaining = 1

    def _refuse(self, refuse: bool) -> None:
        if refuse:
            self.refusal = NO_TICKETS

    def _write(self, remaining: int) -> None:
        if self.refusal is None:
            self.store.write(remaining)


LATE_LOCK = ("read", "network", "acquire", "check", "write", "release")
PROGRAMS: dict[str, Program] = {
    # dropped
    "DropsLock": drop(SOUND, "acquire", "release"),
    "DropsAcquire": drop(SOUND, "acquire"),
    "DropsRelease": drop(SOUND, "release"),
    "DropsWrite": drop(SOUND, "write"),
    "DropsCheck": drop(SOUND, "check"),
    "DropsLockAndCheck": drop(SOUND, "acquire", "release", "check"),
    # swapped and narrowed
    "ReleasesBeforeWrite": swap(SOUND, "write", "release"),
    "ReadsBeforeAcquire": swap(SOUND, "acquire", "read"),
    "LocksReadAlone": narrow(SOUND, "read", "read"),
    "LocksCheckAlone": narrow(SOUND, "check", "check"),
    "LocksWriteAlone": narrow(SOUND, "write", "write"),
    "LocksCheckAndWrite": narrow(SOUND, "check", "write"),
    "LocksReadAndCheck": narrow(SOUND, "read", "check"),
    "WritesBeforeAcquire": ("read", "network", "check", "write", "acquire", "release"),
    "ChecksThenLocks": LATE_LOCK,
    "ReadsAgainInVain": change(LATE_LOCK, "check", "read_unheard"),
    "LocksTwoParts": ("acquire", "read", "release", "network", "check", "acquire", "write",
                      "release"),
    # repeated
    "ReleasesTwice": repeat(SOUND, "release"),
    "WritesTwice": ("acquire", "read", "network", "check", "write", "release", "write"),
    "BuysTwice": ("acquire", "read", "check", "write", "read", "check", "write", "release"),
    "PutsBack": ("acquire", "read", "check", "write", "write_back", "release"),
    # answers that are not heard
    "HearsNoAnswer": change(change(SOUND, "acquire", "acquire_unheard"), "release",
                            "release_if_held"),
    "ReleasesUnheld": change(SOUND, "acquire", "acquire_unheard"),
    "SoldOutOnTimeout": change(SOUND, "acquire", "acquire_or_sold_out"),
    # other effects
    "LeavesLast": change(SOUND, "check", "check_last"),
    "ChecksOne": change(SOUND, "check", "check_one"),
    "WritesOne": change(SOUND, "write", "write_one"),
    "ClampsWithoutCheck": change(drop(SOUND, "check"), "write", "write_clamped"),
    "WritesWhatItRead": change(SOUND, "write", "write_rest"),
    "SaysYes": ("yes",),
    "NumbersAllOne": (*SOUND, "same_number"),
    # some buyers, some counts
    "ThirdUnlocked": change(change(SOUND, "acquire", "acquire_in_turn"), "release",
                            "release_if_held"),
    "LocksWhenFew": change(change(SOUND, "acquire", "acquire_if_few"), "release",
                           "release_if_held"),
}  # fmt: skip
for _name, _program in PROGRAMS.items():
    globals()[_name] = type(
        _name, (Purchase,), {"program": _program, "__module__": __name__, "__doc__": str(_program)}
    )


class _ByHand:
    needs: ClassVar[type] = Store

    def __init__(self, kit: Kit) -> None:
        if kit.lock is None:
            raise UsageError("this guard needs a lock; give --lock=NAME")
        self._kit = kit

    def _locked(self, store: Store, order: Order) -> Reply:
        lock = self._kit.lock
        assert lock is not None
        if not lock.acquire(self._kit.acquire_timeout_s):
            return NO_LOCK
        try:
            return read_check_write(store, order)
        finally:
            lock.release()


class SellsSome(_ByHand):
    """Sells what is left where that is too little, and answers that all was sold."""

    def sell(self, store: Store, order: Order) -> Reply:
        reply = self._locked(store, order)
        return reply if reply.type == "ok" else self._locked(store, Order(order.buyer, 1))


class SellsOneByOne(_ByHand):
    """Takes ticket after ticket, and keeps them when there are too few."""

    def sell(self, store: Store, order: Order) -> Reply:
        replies = [self._locked(store, Order(order.buyer)) for _ in range(order.quantity)]
        failed = [reply for reply in replies if reply.type != "ok"]
        return failed[0] if failed else replies[0]


class UnlocksEighth(_ByHand):
    """Serves the eighth buyer without the lock."""

    def sell(self, store: Store, order: Order) -> Reply:
        if order.buyer >= 7:
            return read_check_write(store, order)
        return self._locked(store, order)


class UnlocksWhenMany(_ByHand):
    """Takes no lock while there are fifty tickets or more."""

    def sell(self, store: Store, order: Order) -> Reply:
        if store.read() >= 50:
            return read_check_write(store, order)
        return self._locked(store, order)


class UnlocksThirdOrder(_ByHand):
    """Forgets the lock from a buyer's third order on."""

    orders = 0

    def sell(self, store: Store, order: Order) -> Reply:
        self.orders += 1
        return self._locked(store, order) if self.orders < 3 else read_check_write(store, order)


class UnlocksInChild(_ByHand):
    """Takes the lock only in the process that made the guard."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._pid = os.getpid()

    def sell(self, store: Store, order: Order) -> Reply:
        if os.getpid() != self._pid:
            return read_check_write(store, order)
        return self._locked(store, order)


class FailsAfterWrite(_ByHand):
    """Answers every second buyer that it was busy, after it sold."""

    def sell(self, store: Store, order: Order) -> Reply:
        reply = self._locked(store, order)
        return Reply("fail", error="busy") if order.buyer % 2 and reply.type == "ok" else reply


class SoldOutToSecond(_ByHand):
    """Answers every second buyer that all is sold."""

    def sell(self, store: Store, order: Order) -> Reply:
        return NO_TICKETS if order.buyer % 2 else self._locked(store, order)


class AnswersInfo(_ByHand):
    """Sells, and never answers anything definite."""

    def sell(self, store: Store, order: Order) -> Reply:
        self._locked(store, order)
        return Reply("info", error="no-answer")


class Spins(_ByHand):
    """Reads for ever."""

    def sell(self, store: Store, order: Order) -> Reply:
        while True:
            store.read()


# Sound.


class Nameless(_ByHand):
    """Names no ticket."""

    def sell(self, store: Store, order: Order) -> Reply:
        reply = self._locked(store, order)
        return Reply("ok") if reply.type == "ok" else reply


class TextTicket(_ByHand):
    """Names a ticket by a text."""

    numbers: ClassVar[str] = "none"

    def sell(self, store: Store, order: Order) -> Reply:
        reply = self._locked(store, order)
        return Reply("ok", f"A{reply.ticket}") if reply.type == "ok" else reply  # type: ignore[arg-type]  # the fault


class CountsAfter(_ByHand):
    """Answers with the count that is left."""

    numbers: ClassVar[str] = "after"

    def sell(self, store: Store, order: Order) -> Reply:
        reply = self._locked(store, order)
        return reply if reply.ticket is None else Reply("ok", reply.ticket - order.quantity)


class Locked(_ByHand):
    """The sound purchase, by another hand."""

    def sell(self, store: Store, order: Order) -> Reply:
        return self._locked(store, order)
