"""Sell under pressure: real processes in orders that a seed chooses, and then as they come."""

from __future__ import annotations

from dataclasses import dataclass, replace

from booking.checker.rules.at_stake import NOTHING_AT_STAKE
from booking.core.assembly import assemble
from booking.core.counterexample import Counterexample
from booking.core.scenario import Scenario
from booking.core.verdict import Outcome, Verdict
from booking.experiments.sale import Sale, run_sale
from booking.experiments.scheduled import race_scheduled

SCHEDULERS = ("random", "pct")  # by turns: each finds races that the other seldom meets
FREE_SALES_MAX = 3  # a free sale in which buyers happened not to meet shows nothing


@dataclass(frozen=True, slots=True)
class Pressed:
    """A number of sales, with the one that decides."""

    verdict: Verdict
    sale: Sale
    seed: int
    sales: int
    counterexample: Counterexample | None = None


def under_pressure(free: Scenario, chosen: Scenario, schedules: int) -> Pressed:
    """Run sales until one is unsound: `chosen` under schedulers, and then `free`.

    The seeds go up from the scenario's. A scheduled sale in which nothing was at stake counts as
    nothing; any other doubt is kept.
    """
    seed = free.seed or 0
    doubt: Pressed | None = None
    shown: Pressed | None = None
    sales = 0
    for number in range(seed, seed + (0 if _staffed(chosen) else schedules)):
        kind = SCHEDULERS[number % len(SCHEDULERS)]
        sale, counterexample = race_scheduled(chosen.but(seed=number, control=False), kind)
        sales += 1
        pressed = Pressed(sale.verdict, sale, number, sales, counterexample)
        if sale.verdict.outcome is Outcome.INVALID:
            return pressed
        if sale.verdict.outcome is Outcome.VALID:
            shown = pressed
        elif not _at_no_stake(sale.verdict):
            doubt = doubt or pressed
    freely = _freely(free, seed, sales)
    if freely.verdict.outcome is Outcome.INVALID:
        return freely
    if _at_no_stake(freely.verdict) and shown is not None:
        freely = shown  # buyers met in an order that a scheduler chose
    return doubt or freely


def _staffed(scenario: Scenario) -> bool:
    """Return whether a clerk serves, which it does in no order but its own."""
    return assemble(scenario).guard_traits.staffed


def _at_no_stake(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.UNKNOWN and verdict.reason.startswith(NOTHING_AT_STAKE)


def _freely(scenario: Scenario, seed: int, sales: int) -> Pressed:
    """Sell as the buyers come, with the control; again where the outcome is unknown."""
    first: Pressed | None = None
    for number in range(seed, seed + FREE_SALES_MAX):
        sale = run_sale(scenario.but(seed=number))
        sales += 1
        pressed = Pressed(sale.verdict, sale, number, sales)
        if sale.verdict.outcome is not Outcome.UNKNOWN:
            return pressed
        first = first or pressed
    assert first is not None
    return replace(first, sales=sales)
