"""Behaviours of buyers, and guards, after which a sale has no evidence."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from booking.core.protocols import Order, Place, Reply, Store
from booking.core.steps import step
from booking.errors import UnavailableError, UncertainError
from booking.processes.buyer import Buyer
from booking.recording.event_log import HEADER
from booking.stores.json_replaced import JsonStore
from tests.support.process_tree import under

SERVERS = {"postgres", "valkey-server"}
FOR_EVER_S = 3600.0


def own_log(buyer: Buyer) -> Path:
    """Return the file that this buyer's recorder writes, even if it was removed since."""
    recorder: Any = buyer._recorder
    return Path(os.readlink(f"/proc/self/fd/{recorder._fd}").removesuffix(" (deleted)"))


def log_of(buyer: Buyer, number: int) -> Path:
    return own_log(buyer).with_name(f"buyer-{number}.log")


# What a program that clears temporary folders does to a log.


def unlink(log: Path) -> None:
    log.unlink()


def empty(log: Path) -> None:
    os.truncate(log, 0)


def keep_the_header(log: Path) -> None:
    os.truncate(log, HEADER.size)


def halve(log: Path) -> None:
    os.truncate(log, log.stat().st_size // 2)


def make_anew(log: Path) -> None:
    size = log.stat().st_size
    log.unlink()
    log.write_bytes(bytes(size))


def _clears_after_the_sale(clear: Callable[[Path], None]) -> Callable[[Buyer], None]:
    def behaviour(buyer: Buyer) -> None:
        buyer.buy()
        if buyer.number == 2:
            clear(log_of(buyer, 0))

    return behaviour


def _clears_and_goes_on(clear: Callable[[Path], None]) -> Callable[[Buyer], None]:
    """Clear the own log between two purchases, as a cleaner would that comes in between."""

    def behaviour(buyer: Buyer) -> None:
        buyer.buy()
        if buyer.number == 0:
            clear(own_log(buyer))
            buyer.buy()

    return behaviour


unlinks_a_log = _clears_after_the_sale(unlink)
empties_a_log = _clears_after_the_sale(empty)
keeps_a_header = _clears_after_the_sale(keep_the_header)
makes_a_log_anew = _clears_after_the_sale(make_anew)
unlinks_its_log = _clears_and_goes_on(unlink)
empties_its_log = _clears_and_goes_on(empty)


def halves_a_log(buyer: Buyer) -> None:
    """Buy until the log has grown; the last buyer cuts the second half of the first one's off."""
    while buyer.buy().type == "ok" and own_log(buyer).stat().st_size < 1 << 15:
        pass
    if buyer.number == 2:
        halve(log_of(buyer, 0))


def unlinks_its_log_and_stalls(buyer: Buyer) -> None:
    """The harness sees no more steps, and nothing of the purchase under way."""
    buyer.buy()
    if buyer.number == 0:
        unlink(own_log(buyer))
        time.sleep(FOR_EVER_S)


def cuts_its_log_and_grows_it(buyer: Buyer) -> None:
    """A log that has a gap: it is as large as its header states."""
    buyer.buy()
    if buyer.number == 0:
        keep_the_header(own_log(buyer))
        recorder: Any = buyer._recorder
        recorder._grow(recorder._limit * 2)
        buyer.buy()
        os.kill(os.getpid(), signal.SIGKILL)


# What else leaves a sale undecided.


def fails(buyer: Buyer) -> None:
    buyer.buy()
    if buyer.number == 1:
        raise ValueError("no more money")


def leaves(buyer: Buyer) -> None:
    buyer.buy()
    if buyer.number == 1:
        os._exit(0)


def stalls_between_orders(buyer: Buyer) -> None:
    buyer.buy()
    if buyer.number == 1:
        time.sleep(FOR_EVER_S)


def only_looks(buyer: Buyer) -> None:
    buyer.search()


def removes_the_inventory(buyer: Buyer) -> None:
    buyer.buy()
    store: Any = buyer._store
    if buyer.number == 2:
        store.path.unlink()


def swaps_the_lock(buyer: Buyer) -> None:
    """Buy; the first buyer then puts another file in place of the lock's, and all buy on."""
    buyer.buy()
    store: Any = buyer._store
    lock = store.path.with_name(f"{store.path.name}.lock")
    if buyer.number == 0:
        lock.rename(lock.with_name("taken"))
        lock.touch()
    for _ in range(5):
        buyer.buy()


def stops_the_server(buyer: Buyer) -> None:
    """Buy, stop every process of the private server with SIGSTOP, and buy again."""
    buyer.buy()
    if buyer.number == 0:
        for pid, name in under(os.getppid()):
            if name in SERVERS:
                os.kill(pid, signal.SIGSTOP)
    buyer.buy()


class Stuck:
    """A guard that hangs; a server of its own answers, or not."""

    needs: ClassVar[type] = Store

    def sell(self, store: Store, order: Order) -> Reply:
        step("acquire", "elsewhere")
        time.sleep(FOR_EVER_S)
        return Reply("info")


class StuckButAnswered(Stuck):
    def answers(self, timeout_s: float) -> bool:
        return True


class Unanswered(Stuck):
    def answers(self, timeout_s: float) -> bool:
        return False


class NeverAnswered(Stuck):
    """Asking it hangs, too."""

    def answers(self, timeout_s: float) -> bool:
        time.sleep(FOR_EVER_S)
        return True


# What keeps a control from racing: all is well behind a lock, and nothing works without one.


def _guarded(buyer: Buyer) -> bool:
    return hasattr(buyer._guard, "_lock")


def fails_unguarded(buyer: Buyer) -> None:
    if not _guarded(buyer):
        raise ValueError("no guard")
    buyer.buy()


class Busy(JsonStore):
    """Refuses a buyer to read where no buyer ever took the lock."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._harness_pid = os.getpid()

    def read(self) -> int:
        is_locked = self.path.with_name(f"{self.path.name}.lock").exists()
        if not is_locked and os.getpid() != self._harness_pid:
            self.refuse()
        return super().read()

    def refuse(self) -> None:
        raise UnavailableError("no room for two")


class Loses(Busy):
    def refuse(self) -> None:
        raise UncertainError("no room for two")


class Hangs(Busy):
    def refuse(self) -> None:
        time.sleep(FOR_EVER_S)
