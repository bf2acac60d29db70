"""The interpreter in which purchase functions are explored: `python -m` this module.

It installs the interceptors, imports the user's functions, closes every connection that was opened
on the way, forks the buyers, and searches. What the user's code prints goes to standard error.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

import msgspec

from booking.core.registry import load, takes_argument
from booking.core.verdict import Outcome
from booking.errors import BookingError, ExitCode, UsageError
from booking.experiments.behaviour import (
    BehaviourOutcome,
    BehaviourProof,
    BehaviourSpec,
    BehaviourStep,
    Message,
    encode_message,
)
from booking.experiments.behaviour_servers import BehaviourServers
from booking.explorer.behaviours.buyers import BehaviourBuyers
from booking.explorer.behaviours.search import BehaviourExploration, BehaviourExplorer
from booking.instrument.interceptor import Interceptor, installed
from booking.instrument.seam import Seam
from booking.instrument.tripwire import listen
from booking.processes.behaviour_buyer import Bought

BUYERS_MAX = 20


def main() -> None:
    """Read what to explore from standard input; write messages to standard output."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=BehaviourSpec)
    try:
        out.write(encode_message(Message("proof", proof=explore(spec, out))) + b"\n")
    except BookingError as error:
        _fail(out, int(error.exit_code), " ".join(str(error).split()))
    except Exception as error:
        if os.environ.get("BOOKING_DEBUG"):
            raise
        text = " ".join(f"{type(error).__name__}: {error}".split())
        _fail(out, ExitCode.DEFECT, f"defect of booking: {text}; BOOKING_DEBUG=1 shows where")


def _fail(out: BinaryIO, code: int, text: str) -> None:
    out.write(encode_message(Message("error", code=code, message=text)) + b"\n")


def explore(spec: BehaviourSpec, out: BinaryIO) -> BehaviourProof:
    """Explore a purchase function; raise `UsageError` for functions that cannot be."""
    seam, interceptors = Seam(), installed()
    servers = BehaviourServers(spec.servers, spec.reset, interceptors)
    for interceptor in interceptors:
        interceptor.install(seam)
    listen(seam)
    functions = _Functions(spec)
    functions.setup()
    tickets = functions.count()
    _disconnect(interceptors)
    covered = {interceptor.library for interceptor in interceptors}
    buyers = BehaviourBuyers(functions.buy, spec.buyers, seam, fresh=spec.fresh, covered=covered)
    try:
        if (waits := servers.watch()) is not None:
            buyers.watch(waits)

        def reset() -> None:
            servers.restore()
            functions.setup()

        search = BehaviourExplorer(
            buyers, reset, lambda answers: functions.find_anomalies(tickets, answers),
            method=spec.method, symmetric=not takes_argument(functions.buy),
            seconds_max=spec.seconds_max, first=spec.first,
            progress=lambda steps, executions: _progress(out, steps, executions),
        )  # fmt: skip
        result = search.explore()  # begins with a purchase of each buyer alone
    finally:
        servers.close()
        buyers.close()
    return _proof(spec, tickets, result)


def _progress(out: BinaryIO, steps: int, executions: int) -> None:
    with suppress(BrokenPipeError):
        out.write(encode_message(Message("progress", steps, executions)) + b"\n")


class _Functions:
    """The user's functions, imported."""

    def __init__(self, spec: BehaviourSpec) -> None:
        if not 1 <= spec.buyers <= BUYERS_MAX:
            raise UsageError(f"--buyers: explores 1 to {BUYERS_MAX} purchases, not {spec.buyers}")
        if spec.init is not None:
            self._call("--init", _function("--init", spec.init))
        self.buy = _function("--behaviour", spec.behaviour)
        self._setup = _function("--setup", spec.setup)
        self._check = _function("--check", spec.check)
        self._invariant = (
            None if spec.invariant is None else _function("--invariant", spec.invariant)
        )

    def setup(self) -> None:
        """Fill the inventory."""
        self._call("--setup", self._setup)

    def count(self) -> int:
        """Return how many tickets are left."""
        count = self._call("--check", self._check)
        if isinstance(count, bool) or not isinstance(count, int):
            raise UsageError(f"--check returned {count!r}; write one that returns the tickets left")
        return count

    def find_anomalies(self, tickets: int, answers: list[Bought]) -> dict[str, str]:
        """Return what is wrong at the end of an execution: names of anomalies, and messages."""
        if hung := [str(at) for at, answer in enumerate(answers) if answer.result == "hung"]:
            return {"hang": f"buyer {', '.join(hung)} waits for ever, for a lock in the server"}
        found = judged(tickets, self.count(), answers)
        if self._invariant is not None:
            try:
                holds = self._invariant()
            except AssertionError as error:
                found["invariant"] = f"the invariant does not hold: {error}"
            else:
                if holds is False:
                    found["invariant"] = "the invariant does not hold"
        return found

    def _call(self, option: str, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except BookingError:
            raise
        except (Exception, SystemExit) as error:
            text = " ".join(f"{type(error).__name__}: {error}".split())
            raise UsageError(f"{option} fails: {text}") from None


def _function(option: str, name: str) -> Any:
    function = load(name, option)
    if not callable(function):
        raise UsageError(f"{option} {name}: is no function")
    return function


def judged(tickets: int, left: int, answers: list[Bought]) -> dict[str, str]:
    """Hold answers against the count at the end; a purchase of unknown outcome may have sold."""
    sold = sum(answer.tickets for answer in answers if answer.result == "sold")
    open_ends = sum(answer.result == "unknown" for answer in answers)
    told_none = sum(answer.result == "sold-out" for answer in answers)
    seats = [seat for answer in answers for seat in answer.seats]
    twice = sorted({seat for seat in seats if seats.count(seat) > 1})
    found: dict[str, str] = {}
    if twice:
        found["double-sold"] = f"sold twice: {', '.join(twice)}"
    if sold > tickets:
        found["oversell"] = f"{sold} tickets were sold, and there were {tickets}"
    if left < 0:
        found["negative-stock"] = f"the count fell to {left}"
    if sold + left > tickets and left >= 0:
        found["lost-update"] = f"{sold} sold, and the count fell from {tickets} to {left} only"
    if sold + left < tickets and not open_ends and left >= 0:
        found["lost-ticket"] = f"{sold} sold, and the count fell from {tickets} to {left}"
    if told_none and left > 0:
        found["phantom-sold-out"] = f"a buyer was told sold out, and {left} were left"
    return found


def _disconnect(interceptors: list[Interceptor]) -> None:
    """Close every connection: a buyer that inherits one would share it with all others."""
    if "sqlalchemy" in sys.modules:
        from sqlalchemy import Engine  # type: ignore[import-not-found,unused-ignore]

        for engine in [one for one in gc.get_objects() if isinstance(one, Engine)]:
            engine.dispose()
    if "django.db" in sys.modules:
        sys.modules["django.db"].connections.close_all()
    for interceptor in interceptors:
        interceptor.disconnect()


def _proof(spec: BehaviourSpec, tickets: int, result: BehaviourExploration) -> BehaviourProof:
    outcome, reason = _verdict(spec, result)
    shortest = result.shortest
    return BehaviourProof(
        verdict=outcome, reason=reason, complete=result.complete, bound=result.bound,
        method=result.method, symmetric=result.symmetric, tickets=tickets, buyers=spec.buyers,
        executions=result.executions, steps=result.steps, ends=result.ends,
        violating=result.violating,
        anomalies=shortest.anomalies if shortest else {}, caveats=result.caveats,
        witness=None if shortest is None else [
            BehaviourStep(
                move.buyer, move.step.action, move.step.text, "  ".join(move.told),
                move.step.where, move.forced,
            )
            for move in shortest.steps
        ],
        answers=[] if shortest is None else shortest.answers,
        outcomes=[
            BehaviourOutcome(orders, list(answers))
            for answers, orders in result.outcomes.most_common()
        ],
        witness_s=result.first_finding_s, elapsed_s=result.elapsed_s,
    )  # fmt: skip


def _verdict(spec: BehaviourSpec, result: BehaviourExploration) -> tuple[Outcome, str]:
    if result.shortest is not None:
        return Outcome.INVALID, next(iter(result.shortest.anomalies.values()))
    if result.caveats:
        return Outcome.UNKNOWN, result.caveats[0]
    if result.bound:
        return Outcome.UNKNOWN, f"not complete: the bound --{result.bound} was reached"
    if not result.sold:
        return Outcome.UNKNOWN, "no purchase was answered with a ticket, so nothing was at stake"
    if spec.buyers == 1:
        return Outcome.UNKNOWN, "there was one buyer, so nothing was at stake; give --buyers 2"
    return Outcome.VALID, "every order of the steps was executed, and none is unsound"


if __name__ == "__main__":
    main()
