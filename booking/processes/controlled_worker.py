"""A controlled buyer: a real process that waits for its harness before each step."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from random import Random

import msgspec

from booking.core.order_execution import Completion
from booking.core.protocols import Guard, Store
from booking.core.scenario import Scenario
from booking.core.seam_checks import ensure_names, ensure_number
from booking.core.steps import drive
from booking.history.actions import Action
from booking.processes.asked_lock import AskedLock
from booking.processes.buyer import Buyer
from booking.processes.buyer_process import behaviour_of, isolate_process
from booking.system.pickled_copy import PickledCopy

RUN = b"run"  # run the behaviour once
PASS = b"pass"  # go on with the step that was reported


class ControlledStep(msgspec.Struct, array_like=True, frozen=True):
    """A step that comes next, and the operation that begins with it, if one does."""

    action: str
    resource: str
    value: int | None = None
    begins: str | None = None
    quantity: int = 1
    asks: bool = False  # an acquire that answers at once; a buyer that is refused comes back to it


class ControlledCompletion(msgspec.Struct, array_like=True, frozen=True):
    """An operation that ended."""

    type: str
    f: str
    value: int | str | None
    quantity: int
    error: str | None
    begun: bool  # whether a step of its own was announced


class WorkerReport(msgspec.Struct, array_like=True, frozen=True):
    """A buyer's message to the harness: its next step, or its end (`next` is None)."""

    saw: int | None  # what the step before gave
    done: list[ControlledCompletion]
    next: ControlledStep | None
    failed: str | None = None


_encode = msgspec.msgpack.Encoder().encode
decode_report = msgspec.msgpack.Decoder(WorkerReport).decode


class ControlledDriver:
    """The driver and the recorder of a controlled buyer: reports each step, and waits there."""

    def __init__(self, connection: Connection, timeout_s: float) -> None:
        self._connection = connection
        self._timeout_s = timeout_s
        self._saw: int | None = None
        self._done: list[ControlledCompletion] = []
        self._invoked: tuple[str, int] | None = None

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Report the step that comes next, and wait until the harness lets it pass."""
        ensure_names(action, resource)
        ensure_number(value, f"step({action!r}, …)")
        begins, quantity = self._invoked or (None, 1)
        self._invoked = None
        asks = AskedLock.asking and action == Action.ACQUIRE
        self._report(ControlledStep(action, resource, value, begins, quantity, asks), None)
        if not self._connection.poll(self._timeout_s) or self._connection.recv_bytes() != PASS:
            raise TimeoutError("the harness did not let this step pass")

    def saw(self, value: int | None) -> None:
        """Keep what the step gave, for the next report."""
        ensure_number(value, "saw")
        self._saw = None if value is None else int(value)

    def network(self) -> None:
        """Take no time: the schedule alone orders the buyers."""

    def invoke(self, operation: str, quantity: int = 1) -> None:
        """Keep the operation: it begins with its first step, and not before."""
        self._invoked = (operation, quantity)

    def complete(self, completion: Completion) -> None:
        """Keep how an operation ended, for the next report."""
        begun = self._invoked is None
        self._invoked = None
        self._done.append(
            ControlledCompletion(
                completion.type, completion.operation, completion.value, completion.quantity,
                completion.text, begun,
            )
        )  # fmt: skip

    def finish(self, failed: str | None) -> None:
        """Report that the behaviour has ended, and with which error, if any."""
        self._report(None, failed)

    def _report(self, following: ControlledStep | None, failed: str | None) -> None:
        report = WorkerReport(self._saw, self._done, following, failed)
        self._connection.send_bytes(_encode(report))
        self._saw, self._done = None, []


@dataclass(frozen=True)
class WorkerSpec:
    """What a controlled buyer's process is started with; pickled where it is not forked."""

    number: int
    quantity: int
    scenario: Scenario
    store: Store
    guard: Guard
    connection: Connection
    timeout_s: float


def worker_main(spec: WorkerSpec) -> None:
    """Run a controlled buyer: its behaviour once for each `RUN` of the harness."""
    isolate_process()
    driver = ControlledDriver(spec.connection, spec.timeout_s)
    drive(driver)
    variants = PickledCopy((spec.store, spec.guard))
    behaviour = behaviour_of(spec.scenario)
    while spec.connection.poll(spec.timeout_s):
        try:
            if spec.connection.recv_bytes() != RUN:
                return
        except EOFError:
            return
        _run_once(spec, driver, variants, behaviour)


def _run_once(
    spec: WorkerSpec,
    driver: ControlledDriver,
    variants: PickledCopy,
    behaviour: Callable[[Buyer], object],
) -> None:
    store, guard = variants.load()
    random = Random(f"{spec.scenario.seed}/{spec.number}")
    buyer = Buyer(spec.number, store, guard, driver, random, spec.quantity)
    failed = _failure(partial(behaviour, buyer))
    drive(None)
    failed = _failure(store.close) or failed
    drive(driver)
    driver.finish(failed)


def _failure(users: Callable[[], object]) -> str | None:
    """Run a user's code; return what it raises, None where it leaves as a sale's buyer may."""
    try:
        users()
    except TimeoutError:
        os._exit(1)  # the harness has ended, or has given this buyer up
    except SystemExit as error:
        return f"exited with {error.code!r}" if error.code else None
    except BaseException as error:  # it may be anything
        return " ".join(f"{type(error).__name__}: {error}".split())
    return None
