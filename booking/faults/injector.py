"""A fault plan: what happens to a buyer right before one of its steps."""

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
    """A driver in front of another: kills, terminates, raises or pauses, then passes it on."""

    def __init__(
        self, inner: Driver, faults: Sequence[Fault], buyer: int | str, scratch: Path
    ) -> None:
        self._inner = inner
        self._buyer = buyer
        self._plan = [
            (fault, scratch / f"fault-{number}")
            for number, fault in enumerate(faults)
            if fault.buyer == buyer or (fault.buyer == "first" and buyer != "clerk")
        ]
        self._steps: Counter[str] = Counter()

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Let what is planned for this step happen before it is announced: it never began."""
        self._steps[action] += 1
        for fault, claim in self._plan:
            due = fault.before == action and fault.nth == self._steps[action]
            if due and _claimed(claim, self._buyer):
                _happen(fault, action)
        self._inner.step(action, resource, value)

    def saw(self, value: int | None) -> None:
        """Pass it on."""
        self._inner.saw(value)

    def network(self) -> None:
        """Pass it on."""
        self._inner.network()


def struck(scratch: Path, faults: Sequence[Fault]) -> dict[int, int | str]:
    """Say which faults have happened, by their place in the plan, and to which buyer."""
    claims = {number: scratch / f"fault-{number}" for number in range(len(faults))}
    texts = {number: claim.read_text() for number, claim in claims.items() if claim.exists()}
    return {number: int(text) if text.isdigit() else text for number, text in texts.items()}


def _claimed(claim: Path, buyer: int | str) -> bool:
    """Claim a fault for this buyer: of all that reach the step, only the first one gets it."""
    try:
        fd = os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    os.write(fd, str(buyer).encode())
    os.close(fd)
    return True


def _happen(fault: Fault, action: str) -> None:
    if fault.kind == "pause":
        time.sleep(fault.duration)
    elif fault.kind == "raise":
        raise PlannedFault(f"planned fault before {action}")
    else:
        os.kill(os.getpid(), signal.SIGKILL if fault.kind == "kill" else signal.SIGTERM)
        time.sleep(fault.duration)  # until the signal arrives
