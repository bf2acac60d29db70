"""One buyer as an operating-system process."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from booking.core.base_classes import hooks
from booking.core.protocols import Guard, Store
from booking.core.redaction import redacted
from booking.core.registry import resolve
from booking.core.scenario import Scenario
from booking.core.steps import drive
from booking.faults.injector import FaultPlan
from booking.processes.behaviours import buy_for
from booking.processes.buyer import Buyer
from booking.processes.parent_death import die_with_parent
from booking.processes.start_barrier import StartBarrier
from booking.recording.recorder import Recorder
from booking.system.code_place import code_place
from booking.system.signals import leave_signals_to_parent

FAILED = 1  # exit code of a buyer or a clerk whose own code raised


# Of a scenario that names none: whether its buyers search, and whether they go on until sold out.
USUAL_BEHAVIOURS = {
    (False, False): "buy-once",
    (True, False): "search-then-buy",
    (False, True): "buy-until-sold-out",
    (True, True): "search-and-buy-until-sold-out",
}


@dataclass(frozen=True)
class BuyerSpec:
    """What one buyer's process is started with; pickled where it is not forked."""

    number: int
    scenario: Scenario
    store: Store
    guard: Guard
    start_barrier: StartBarrier
    folder: Path
    arrives_after_s: float
    start_timeout_s: float

    @property
    def event_log(self) -> Path:
        """The file of this buyer's events."""
        return self.folder / f"buyer-{self.number}.log"


def buyer_main(spec: BuyerSpec) -> None:
    """Run a buyer from the start of its process to the end."""
    try:
        isolate_process()
        _run_behaviour(spec)
    except BaseException:  # no event log could be made: the harness sees that the buyer failed
        os._exit(FAILED)


def _run_behaviour(spec: BuyerSpec) -> None:
    scenario, number = spec.scenario, spec.number
    random = Random(f"{scenario.seed}/{number}")
    recorder = _start_recorder(spec, random)
    buyer = Buyer(number, spec.store, spec.guard, recorder, random, scenario.quantity)
    try:
        behaviour = behaviour_of(scenario)
        hooks(spec.store).connect()
        if not spec.start_barrier.wait(spec.start_timeout_s):
            raise TimeoutError("the start barrier did not open")
        time.sleep(spec.arrives_after_s)
        behaviour(buyer)
    except SystemExit as error:
        if error.code:
            recorder.note(f"exited with {error.code!r}")
            os._exit(FAILED)
    except BaseException as error:
        recorder.note(describe_error(error))
        sys.stderr.flush()
        os._exit(FAILED)  # not through multiprocessing, which would print a traceback
    _close(spec.store, recorder)
    recorder.done()


def _close(store: Store, recorder: Recorder) -> None:
    """Close a store; one that fails makes its buyer fail."""
    try:
        store.close()
    except BaseException as error:
        recorder.note(describe_error(error))
        os._exit(FAILED)


def _start_recorder(spec: BuyerSpec, random: Random) -> Recorder:
    """Make the recorder drive this process, behind the fault plan where there is one."""
    delay, faults = spec.scenario.delay, spec.scenario.faults
    wait_for_network = (lambda: time.sleep(delay.draw(random))) if delay.high_s else None
    recorder = Recorder(spec.event_log, spec.number, wait_for_network)
    drive(FaultPlan(recorder, faults, spec.number, spec.folder) if faults else recorder)
    return recorder


class BuyerProcess(BaseProcess):
    """A buyer as a subclass of `Process`, which overrides `run`; one class a start method."""

    def __init__(self, spec: BuyerSpec) -> None:
        super().__init__(name=f"buyer-{spec.number}", daemon=spec.scenario.daemon)
        self._spec = spec

    def run(self) -> None:
        """Run the buyer."""
        buyer_main(self._spec)


class ForkBuyer(BuyerProcess, multiprocessing.context.ForkProcess):
    """A copy of the harness."""


class SpawnBuyer(BuyerProcess, multiprocessing.context.SpawnProcess):
    """A new interpreter, which imports what it needs."""


class ForkServerBuyer(BuyerProcess, multiprocessing.context.ForkServerProcess):
    """A copy of a small server that never had threads."""


CLASSES: dict[str, Callable[[BuyerSpec], BaseProcess]] = {
    "fork": ForkBuyer,
    "spawn": SpawnBuyer,
    "forkserver": ForkServerBuyer,
}


def buyer_process(spec: BuyerSpec) -> BaseProcess:
    """Make a buyer's process: our subclass, or a plain process around the user's function."""
    scenario = spec.scenario
    if scenario.behaviour is None:
        return CLASSES[scenario.start_method](spec)
    context: BaseContext = multiprocessing.get_context(scenario.start_method)
    return context.Process(  # type: ignore[attr-defined, no-any-return]  # every context has it
        target=buyer_main,
        args=(spec,),
        name=f"buyer-{spec.number}",
        daemon=scenario.daemon,
    )


def behaviour_of(scenario: Scenario) -> Callable[[Buyer], object]:
    """Return the function that a scenario's buyers run; raise `UsageError` where it has none."""
    if scenario.behaviour is None and scenario.buy_for is not None:
        return partial(buy_for, duration_s=scenario.buy_for)
    name = scenario.behaviour or USUAL_BEHAVIOURS[scenario.search, scenario.until_sold_out]
    behaviour: Callable[[Buyer], object] = resolve("behaviour", name)
    return behaviour


def isolate_process() -> None:
    """Drop the harness's signal handlers and standard output, and end with the harness."""
    leave_signals_to_parent()
    die_with_parent()
    os.dup2(2, 1)  # standard output is the harness's: a script may be reading it


def describe_error(error: BaseException) -> str:
    """Return an error's type, message and place, on one line and without passwords."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = f" ({code_place(at.tb_frame.f_code.co_filename, at.tb_lineno)})" if at else ""
    return f"{type(error).__name__}: {redacted(' '.join(str(error).split()))}{where}"
