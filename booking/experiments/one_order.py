"""One order of steps, explored in one process, and judged as an exploration of all orders is.

What speaks against a proof speaks against one order too: a doubt, a sale of real processes that
breaks, a counterexample that goes otherwise in real processes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from booking.checker import check
from booking.core.assembly import Assembly, assemble
from booking.core.counterexample import CounterexampleBuyer
from booking.core.scenario import Scenario
from booking.core.verdict import Outcome, Verdict, merge
from booking.errors import UsageError
from booking.experiments.confirmation import caveats_of
from booking.experiments.counterexamples import make_counterexample
from booking.experiments.exploration import plan_of
from booking.experiments.second_look import dispute
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.model import SECONDS_MAX
from booking.explorer.path import ExecutionPath
from booking.explorer.result import Finding
from booking.explorer.transition import BoundReached, Caveat, Inconclusive
from booking.explorer.transition_cache import TransitionCache
from booking.schedulers.choices import ChoicesScheduler
from booking.system.scratch import scratch_folder

ENDLESS = Caveat("it had not ended when its time was over", "one order of steps")


class OneOrder:
    """An execution in one process, with the sale that it is one order of."""

    def __init__(
        self, assembly: Assembly, buyers: Sequence[CounterexampleBuyer], path: ExecutionPath
    ) -> None:
        self.path = path
        self._assembly = assembly
        self._buyers = buyers

    @contextmanager
    def noting_doubts(self) -> Iterator[None]:
        """Note why an execution cannot go on, so that its sale becomes unknown."""
        try:
            yield
        except Inconclusive as inconclusive:
            self.path.cache.environment.add_caveat(inconclusive.caveat)
        except BoundReached:
            self.path.cache.environment.add_caveat(ENDLESS)

    def doubts(self) -> list[Caveat]:
        """Return why nothing can be proved of it."""
        return self.path.cache.environment.caveats()

    def verdict(self) -> Verdict:
        """Return the verdict on an execution that has ended."""
        verdict = check(self.path.history(), answers_needed=True)
        doubts = self.doubts()
        if verdict.outcome is Outcome.INVALID:
            disputed = self._dispute(verdict, doubted=bool(doubts))
            return verdict if disputed is None else _unknown(disputed)
        if verdict.outcome is Outcome.VALID and not doubts:
            doubts = caveats_of(self._assembly, [buyer.quantity for buyer in self._buyers])
        # A doubt first: it names the cause, for which perhaps nothing definite was answered.
        return merge([*map(_unknown, doubts), verdict])

    def _dispute(self, verdict: Verdict, *, doubted: bool) -> Caveat | None:
        """Return what real processes say against an accusation; None: it is right."""
        finding = Finding(verdict.anomalies[0].name, tuple(self.path.schedule), verdict.reason)
        found = make_counterexample(self._assembly, self._buyers, self.path.cache, finding)
        return dispute(self._assembly, found, doubted=doubted)


@contextmanager
def one_order(scenario: Scenario, buyers: int) -> Iterator[OneOrder]:
    """Begin an execution, in which every buyer is at its first step; end it behind the block."""
    assembly = assemble(scenario)
    named = [CounterexampleBuyer(f"buyer {n}", scenario.quantity) for n in range(buyers)]
    plan = plan_of(assembly, named)
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as environment:
        environment.ends_s = time.monotonic() + SECONDS_MAX
        cache = TransitionCache(environment)
        with environment.open() as execution:
            yield OneOrder(assembly, named, ExecutionPath(cache, execution))


def doubts_of(scenario: Scenario) -> list[Caveat]:
    """Return what one serial order in one process shows that real processes do not.

    For example two effects under one step: no scheduler lets another buyer in between them.
    """
    try:
        with one_order(scenario, scenario.buyers) as serial:
            with serial.noting_doubts():
                serial.path.run(ChoicesScheduler())
            return serial.doubts()
    except Inconclusive as inconclusive:
        return [inconclusive.caveat]
    except BoundReached:
        return [ENDLESS]
    except UsageError:  # it can't be explored
        return []


def _unknown(caveat: Caveat) -> Verdict:
    return Verdict(Outcome.UNKNOWN, str(caveat))
