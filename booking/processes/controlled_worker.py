"""A real buyer that waits for its harness before each step: an OS process under a schedule."""

from __future__ import annotations

import os
from dataclasses import dataclass
from multiprocessing.connection import Connection
from random import Random
from typing import Any

import msgspec

from booking.core.orders import Completion
from booking.core.protocols import Guard, Store
from booking.core.scenario import Scenario
from booking.core.steps import drive
from booking.processes.buyer import Buyer
from booking.processes.buyer_process import behaviour_of, settle
from booking.system.pickled_copy import PickledCopy

PLAY = b"play"
GO = b"go"


class ControlledStep(msgspec.Struct, array_like=True, frozen=True):
    """A step that comes next, and the operation that begins with it, if one does."""

    action: str
    resource: str
    value: int | None = None
    begins: str | None = None
    quantity: int = 1


class ControlledCompletion(msgspec.Struct, array_like=True, frozen=True):
    """An operation that ended."""

    type: str
    f: str
    value: int | None
    quantity: int
    error: str | None
    begun: bool  # whether a step of its own was announced


class WorkerReport(msgspec.Struct, array_like=True, frozen=True):
    """What a buyer says when it comes to its next step, or to its end."""

    saw: int | None
    done: list[ControlledCompletion]
    next: ControlledStep | None
    failed: str | None = None


_encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(WorkerReport).decode


class ControlledDriver:
    """The driver and the recorder of a paced buyer: says where it stands, and waits there."""

    def __init__(self, line: Connection, wait_s: float) -> None:
        self._line = line
        self._wait_s = wait_s
        self._saw: int | None = None
        self._done: list[ControlledCompletion] = []
        self._open: tuple[str, int] | None = None

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Say which step comes next, and wait until the harness lets it pass."""
        begins, quantity = self._open or (None, 1)
        self._open = None
        self._report(ControlledStep(action, resource, value, begins, quantity), None)
        if not self._line.poll(self._wait_s) or self._line.recv_bytes() != GO:
            raise TimeoutError("the harness did not let this step pass")

    def saw(self, value: int | None) -> None:
        """Remember what the step gave."""
        self._saw = value

    def network(self) -> None:
        """Take no time: the schedule alone says who comes when."""

    def invoke(self, operation: str, quantity: int = 1) -> None:
        """An operation begins with its first step, and not before."""
        self._open = (operation, quantity)

    def complete(self, completion: Completion) -> None:
        """Keep how an operation ended, for the next report."""
        begun = self._open is None
        self._open = None
        self._done.append(
            ControlledCompletion(
                completion.type,
                completion.operation,
                completion.value,
                completion.quantity,
                completion.text,
                begun,
            )
        )

    def finish(self, failed: str | None) -> None:
        """Say that there is nothing more to come."""
        self._report(None, failed)

    def _report(self, following: ControlledStep | None, failed: str | None) -> None:
        self._line.send_bytes(_encode(WorkerReport(self._saw, self._done, following, failed)))
        self._saw, self._done = None, []


@dataclass(frozen=True)
class WorkerSpec:
    """Everything that one paced buyer brings; it travels to its process."""

    number: int
    quantity: int
    scenario: Scenario
    store: Store
    guard: Guard
    line: Connection
    wait_s: float


def worker_main(part: WorkerSpec) -> None:
    """Be a paced buyer: sell once for each time the harness asks for it."""
    settle()
    pace = ControlledDriver(part.line, part.wait_s)
    drive(pace)
    mould = PickledCopy((part.store, part.guard))
    behave = behaviour_of(part.scenario)
    while part.line.poll(part.wait_s):
        try:
            if part.line.recv_bytes() != PLAY:
                return
        except EOFError:
            return
        _once(part, pace, mould, behave)


def _once(part: WorkerSpec, pace: ControlledDriver, mould: PickledCopy, behave: Any) -> None:
    store, guard = mould.load()
    random = Random(f"{part.scenario.seed}/{part.number}")
    buyer = Buyer(part.number, store, guard, pace, random, part.quantity)
    failed = None
    try:
        behave(buyer)
    except TimeoutError:
        os._exit(1)  # the harness is gone, or has given this buyer up
    except Exception as error:  # the user's code may raise anything
        failed = " ".join(f"{type(error).__name__}: {error}".split())
    finally:
        drive(None)
        store.close()
        drive(pace)
    pace.finish(failed)
