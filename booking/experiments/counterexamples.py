"""Make a counterexample of a schedule: its steps, what is wrong after them, and why."""

from __future__ import annotations

from collections.abc import Sequence

from booking.core.assembly import Assembly
from booking.core.counterexample import Counterexample, CounterexampleBuyer, CounterexampleStep
from booking.explorer.explanation import message, why
from booking.explorer.model import CLERK
from booking.explorer.result import Finding
from booking.explorer.transition_cache import TransitionCache
from booking.history.model import Event


def make_counterexample(
    assembly: Assembly,
    buyers: Sequence[CounterexampleBuyer],
    cache: TransitionCache,
    finding: Finding,
    fatal: int | None = None,
) -> Counterexample:
    """Make the counterexample of a finding; the cache knows each of its transitions."""
    scenario, history = assembly.scenario, cache.history(finding.schedule)
    participants = list(buyers)
    if cache.plan.staffed:
        participants.append(CounterexampleBuyer(CLERK))
    names = [participant.name for participant in participants]
    return Counterexample(
        anomaly=finding.name,
        message=finding.message or message(finding.name, history),
        why=finding.message or why(finding.name, history, names),
        store=scenario.store,
        guard=scenario.guard,
        lock=scenario.lock,
        tickets=assembly.tickets,
        buyers=participants,
        search=scenario.search,
        timeouts=scenario.acquire_timeout is not None,
        steps=steps_of(history.steps()),
        fatal=fatal,
    )


def steps_of(steps: Sequence[Event]) -> list[CounterexampleStep]:
    """Return recorded steps as a counterexample has them."""
    return [
        CounterexampleStep(int(step.process), step.f, step.resource or "", step.value, step.saw)
        for step in steps
    ]
