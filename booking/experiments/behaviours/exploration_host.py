"""The interpreter in which purchase functions are explored: `python -m` this module.

It installs the interceptors, imports the user's functions, closes every connection that was opened
on the way, forks the buyers, and searches. What the user's code prints goes to standard error.
"""

from __future__ import annotations

import gc
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from booking.core.registry import load, takes_argument
from booking.core.verdict import Outcome
from booking.errors import BookingError, UsageError
from booking.experiments.behaviours.django_databases import DjangoDatabases
from booking.experiments.behaviours.exploration import (
    BehaviourOutcome,
    BehaviourProof,
    BehaviourSpec,
    shown_step,
)
from booking.experiments.behaviours.host_process import Progress, serve
from booking.experiments.behaviours.servers import BehaviourServers
from booking.experiments.behaviours.table_models import model_names
from booking.explorer.behaviours.buyers import BehaviourBuyers
from booking.explorer.behaviours.exploration import BehaviourExploration
from booking.explorer.behaviours.search import BehaviourExplorer
from booking.instrument.interceptor import Interceptor, installed
from booking.instrument.seam import Seam
from booking.instrument.tripwire import listen
from booking.processes.behaviour_buyer import Bought
from booking.system.inherited import shared_with_children

BUYERS_MAX = 20
CLOSED = re.compile(r"closed database|connection is closed|connection already closed")


def main() -> None:
    """Explore what standard input asks for; write messages to standard output."""
    serve(BehaviourSpec, explore)


class Opened(NamedTuple):
    """The user's functions, imported behind interceptors, and buyers that stand ready."""

    functions: Functions
    tickets: int
    buyers: BehaviourBuyers
    reset: Callable[[], None]
    caveats: list[str]  # what makes a proof of it impossible


@contextmanager
def opened(spec: BehaviourSpec) -> Iterator[Opened]:
    """Import the user's functions, and fork the buyers; raise `UsageError` where that fails."""
    seam, interceptors = Seam(), installed()
    servers = BehaviourServers(spec.servers, spec.reset, interceptors)
    for interceptor in interceptors:
        interceptor.install(seam)
    listen(seam)
    ours = shared_with_children()
    django = DjangoDatabases(spec.django)
    functions = Functions(spec, django)
    servers.allow(django.made)
    functions.setup()
    tickets = functions.count()
    _disconnect(interceptors)
    covered = {interceptor.library for interceptor in interceptors}
    shared = [
        f"{what} is shared by all buyers since import"
        for what in sorted(shared_with_children() - ours)
    ]
    buyers = BehaviourBuyers(functions.buy, spec.buyers, seam, fresh=spec.fresh, covered=covered)
    try:
        if (waits := servers.watch()) is not None:
            buyers.watch(waits)

        def reset() -> None:
            servers.restore()
            functions.setup()

        yield Opened(functions, tickets, buyers, reset, shared)
    finally:
        servers.close()
        buyers.close()


def explore(spec: BehaviourSpec, progress: Progress) -> BehaviourProof:
    """Explore a purchase function; raise `UsageError` for functions that cannot be."""
    with opened(spec) as (functions, tickets, buyers, reset, caveats):
        search = BehaviourExplorer(
            buyers, reset, lambda answers: functions.find_anomalies(tickets, answers),
            method=spec.method, symmetric=not takes_argument(functions.buy),
            seconds_max=spec.seconds_max, first=spec.first, progress=progress,
        )  # fmt: skip
        search.result.caveats += caveats
        result = search.explore()  # begins with a purchase of each buyer alone
    return _proof(spec, tickets, result)


class Functions:
    """The user's functions, imported."""

    def __init__(self, spec: BehaviourSpec, django: DjangoDatabases) -> None:
        if not 1 <= spec.buyers <= BUYERS_MAX:
            raise UsageError(f"--buyers: explores 1 to {BUYERS_MAX} purchases, not {spec.buyers}")
        self._call("django.setup()", django.set_up)
        if spec.init is not None:
            self._call("--init", function_of("--init", spec.init))
            django.use()
        self.buy = function_of("--behaviour", spec.behaviour)
        self._setup = function_of("--setup", spec.setup)
        self._check = function_of("--check", spec.check)
        self._invariant = (
            None if spec.invariant is None else function_of("--invariant", spec.invariant)
        )
        django.use()

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
        hung = [at for at, answer in enumerate(answers) if answer.result == "hung"]
        if any(not answers[at].error for at in hung):  # --check would wait there, too
            told = ", ".join(map(str, hung))
            return {"hang": f"buyer {told} waits for ever, for a lock in the server"}
        found = judged(tickets, self.count(), answers)
        if hung:
            found["hang"] = f"buyer {hung[0]} waits for ever: {answers[hung[0]].error}"
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
            raise UsageError(f"{option} fails: {_hinted(text)}") from None


def function_of(option: str, name: str) -> Any:
    """Return a function of the user; raise `UsageError` where there is none."""
    function = load(name, option)
    if not callable(function):
        raise UsageError(f"{option} {name}: is no function")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError(f"{option} {name}: is async, and drivers of asyncio are not covered")
    if inspect.isgeneratorfunction(function):
        raise UsageError(f"{option} {name}: is a generator, whose body no call carries out")
    return function


def _hinted(error: str) -> str:
    """Return an error, with what it means where a connection was made too early."""
    if CLOSED.search(error):
        return (
            f"{error.rstrip('.')}; connections that are made at import are closed before the "
            "buyers are forked: connect in the function that uses it"
        )
    return error


def judged(tickets: int, left: int, answers: list[Bought]) -> dict[str, str]:
    """Hold answers against the count at the end; a purchase of unknown outcome may have sold."""
    sold = sum(answer.tickets for answer in answers if answer.result == "sold")
    open_ends = sum(answer.result in {"unknown", "hung"} for answer in answers)
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
        from sqlalchemy import Engine

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
        witness=None if shortest is None else list(map(shown_step, shortest.steps)),
        answers=[] if shortest is None else shortest.answers,
        outcomes=[
            BehaviourOutcome(orders, list(answers))
            for answers, orders in result.outcomes.most_common()
        ],
        models=model_names() if shortest is not None else {},
        witness_s=result.first_finding_s, elapsed_s=result.elapsed_s,
    )  # fmt: skip


def _verdict(spec: BehaviourSpec, result: BehaviourExploration) -> tuple[Outcome, str]:
    if result.shortest is not None:
        return Outcome.INVALID, next(iter(result.shortest.anomalies.values()))
    if why := _unproved(spec, result):
        return Outcome.UNKNOWN, why
    return Outcome.VALID, "every order of the steps was executed, and none is unsound"


def _unproved(spec: BehaviourSpec, result: BehaviourExploration) -> str:
    """Return why nothing is proved; `""` where all was seen and something was at stake."""
    if result.caveats:
        return result.caveats[0]
    if result.bound:
        return f"not complete: the bound --{result.bound} was reached"
    if not result.sold:
        why = "no purchase was answered with a ticket, so nothing was at stake"
        return why + "".join(f": {_hinted(error)}" for error in list(result.failed.values())[:1])
    answered = result.failed.keys() if result.symmetric and result.answered else result.answered
    if failed := sorted(result.failed.keys() - answered):  # of equal buyers, one stands for all
        error = result.failed[failed[0]]
        return f"buyer {failed[0]} was never answered, so nothing was at stake: {_hinted(error)}"
    if spec.buyers == 1:
        return "there was one buyer, so nothing was at stake; give --buyers 2"
    return ""


if __name__ == "__main__":
    main()
