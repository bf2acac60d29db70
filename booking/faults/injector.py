"""Inject planned faults: what happens to a buyer right before one of its steps."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from booking.core.scenario import Fault
from booking.core.steps import Driver


class PlannedFault(Exception):  # noqa: N818 - the word of the field
    """The exception that a fault of the kind `raise` raises."""


class FaultPlan:
    """A driver that kills, terminates, raises or pauses before a step, and forwards the rest."""

    def __init__(
        self, inner: Driver, faults: Sequence[Fault], buyer: int | str, scratch: Path
    ) -> None:
        self._inner = inner
        self._buyer = buyer
        self._faults = [
            (fault, claim)
            for fault, claim in zip(faults, _claims(scratch, faults), strict=True)
            if fault.buyer == buyer or (fault.buyer == "first" and buyer != "clerk")
        ]
        self._steps: Counter[str] = Counter()

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Inject the faults of this step, then forward it: a killed process never began it."""
        self._steps[action] += 1
        for fault, claim in self._faults:
            due = fault.before == action and fault.nth == self._steps[action]
            if due and _claim(claim, self._buyer):
                _inject(fault, action)
        self._inner.step(action, resource, value)

    def saw(self, value: int | None) -> None:
        """Forward what the step gave."""
        self._inner.saw(value)

    def network(self) -> None:
        """Forward the mark of the network."""
        self._inner.network()


def injected(scratch: Path, faults: Sequence[Fault]) -> dict[int, int | str]:
    """Return which faults were injected, by their index in the plan, and into which process."""
    texts = {
        number: claim.read_text()
        for number, claim in enumerate(_claims(scratch, faults))
        if claim.exists()
    }
    return {number: int(text) if text.isdigit() else text for number, text in texts.items()}


def _claims(scratch: Path, faults: Sequence[Fault]) -> list[Path]:
    """Return the file of each fault: the process that makes it gets the fault."""
    return [scratch / f"fault-{number}" for number in range(len(faults))]


def _claim(claim: Path, buyer: int | str) -> bool:
    """Claim a fault for this buyer: of all that reach the step, only the first one gets it."""
    try:
        fd = os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    os.write(fd, str(buyer).encode())
    os.close(fd)
    return True


def _inject(fault: Fault, action: str) -> None:
    if fault.kind == "pause":
        time.sleep(fault.duration)
    elif fault.kind == "raise":
        raise PlannedFault(f"planned fault before {action}")
    else:
        os.kill(os.getpid(), signal.SIGKILL if fault.kind == "kill" else signal.SIGTERM)
        time.sleep(fault.duration)  # until the signal arrives
