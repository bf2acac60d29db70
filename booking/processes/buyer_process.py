"""One buyer as an operating-system process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from booking.core.bases import hooks
from booking.core.protocols import Guard, Store
from booking.core.redaction import redacted
from booking.core.registry import load
from booking.core.scenario import Scenario
from booking.core.steps import drive
from booking.faults.injector import FaultPlan
from booking.processes import behaviours
from booking.processes.buyer import Buyer
from booking.processes.parent_death import tie
from booking.processes.start_barrier import StartBarrier
from booking.recording.recorder import Recorder

FAILED = 1  # exit code of a buyer whose own code raised


@dataclass(frozen=True)
class BuyerSpec:
    """Everything that one buyer brings to a sale; it travels to its process."""

    number: int
    scenario: Scenario
    store: Store
    guard: Guard
    gate: StartBarrier
    folder: Path
    arrives_after_s: float
    gate_timeout_s: float

    @property
    def logbook(self) -> Path:
        """Where this buyer's events are."""
        return self.folder / f"buyer-{self.number}.log"


def attend(attendance: BuyerSpec) -> None:
    """Be a buyer: the whole life of its process."""
    settle()
    try:
        _attend(attendance)
    except BaseException:  # not even a logbook could be made: the harness sees who is missing
        os._exit(FAILED)
    finally:
        attendance.store.close()


def _attend(attendance: BuyerSpec) -> None:
    scenario, number = attendance.scenario, attendance.number
    random = Random(f"{scenario.seed}/{number}")
    delay = scenario.delay
    recorder = Recorder(
        attendance.logbook,
        number,
        (lambda: time.sleep(delay.draw(random))) if delay.high_s else None,
    )
    drive(
        FaultPlan(recorder, scenario.faults, number, attendance.folder)
        if scenario.faults
        else recorder
    )
    buyer = Buyer(number, attendance.store, attendance.guard, recorder, random, scenario.quantity)
    try:
        behave = behaviour_of(scenario)
        hooks(attendance.store).connect()
        if not attendance.gate.wait(attendance.gate_timeout_s):
            raise TimeoutError("the gate did not open")
        time.sleep(attendance.arrives_after_s)
        behave(buyer)
    except SystemExit as error:
        if error.code:
            recorder.note(f"exited with {error.code!r}")
            os._exit(FAILED)
    except BaseException as error:
        recorder.note(described(error))
        sys.stderr.flush()
        os._exit(FAILED)  # not through multiprocessing, which would print a traceback
    recorder.done()


class BuyerProcess(BaseProcess):
    """A buyer as a subclass of `Process`, which overrides `run`; one for each start method."""

    def __init__(self, attendance: BuyerSpec) -> None:
        super().__init__(name=f"buyer-{attendance.number}", daemon=attendance.scenario.daemon)
        self._attendance = attendance

    def run(self) -> None:
        """Be a buyer."""
        attend(self._attendance)


class ForkBuyer(BuyerProcess, multiprocessing.context.ForkProcess):
    """Copied from the harness as it is."""


class SpawnBuyer(BuyerProcess, multiprocessing.context.SpawnProcess):
    """A new interpreter, which imports what it needs."""


class ForkServerBuyer(BuyerProcess, multiprocessing.context.ForkServerProcess):
    """Copied from a small server that never had threads."""


CLASSES: dict[str, Callable[[BuyerSpec], BaseProcess]] = {
    "fork": ForkBuyer,
    "spawn": SpawnBuyer,
    "forkserver": ForkServerBuyer,
}


def buyer_process(attendance: BuyerSpec) -> BaseProcess:
    """Make a buyer's process: our subclass, or a plain process around the user's function."""
    scenario = attendance.scenario
    if scenario.behaviour is None:
        return CLASSES[scenario.start_method](attendance)
    context: BaseContext = multiprocessing.get_context(scenario.start_method)
    return context.Process(  # type: ignore[attr-defined, no-any-return]  # every context has it
        target=attend,
        args=(attendance,),
        name=f"buyer-{attendance.number}",
        daemon=scenario.daemon,
    )


def behaviour_of(scenario: Scenario) -> Callable[[Buyer], object]:
    """Give what a scenario's buyers do."""
    if scenario.behaviour is not None:
        found: Callable[[Buyer], object] = load(scenario.behaviour, "behaviour")
        return found
    if scenario.until_sold_out:
        if scenario.search:
            return behaviours.search_and_buy_until_sold_out
        return behaviours.buy_until_sold_out
    return behaviours.search_then_buy if scenario.search else behaviours.buy_once


def settle() -> None:
    """Make a clean process of it: no handlers of the harness, no writing to its answer."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # held while we were started
    tie()
    os.dup2(2, 1)  # standard output is the harness's: a script may be reading it


def described(error: BaseException) -> str:
    """Say what ended a buyer, and where in its code."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = f" ({Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno})" if at else ""
    return f"{type(error).__name__}: {redacted(' '.join(str(error).split()))}{where}"
