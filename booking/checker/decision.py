"""The way from a history to a verdict; every check that crashes gives `unknown`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from booking.checker import invariants, linearization, lock_anomalies
from booking.checker.causes import Steps
from booking.checker.certificate import (
    Certificate,
    Op,
    certify,
    operations,
    out_of_range,
    refunds,
    verify,
)
from booking.checker.columns import Columns, Inventory, Numbers
from booking.checker.diagnosis import Case, name_all
from booking.checker.messages import buyer, events, listed, sentence, tickets_
from booking.checker.reduction import (
    ALL,
    Parts,
    has_refunds,
    is_mixed,
    problem_of,
    too_many_pieces,
    unit_of,
)
from booking.checker.slot_matching import Clash, Placement, Problem, solve
from booking.checker.wgl import STATES_MAX, OutOfBudget, overdrawn, search
from booking.core.verdict import Anomaly, AnomalyName, Outcome, Verdict, merge
from booking.errors import HistoryError
from booking.history.model import Event, History


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its proof: a witness order where it is valid, else a certificate.

    `order` holds indexes of invocations, or is None where none was asked for or there is none.
    """

    verdict: Verdict
    certificates: tuple[Certificate, ...] = ()
    order: list[int] | None = None


def check(history: History) -> Verdict:
    """Check a sale's history.

    Never raises: a history that contradicts itself and a check that crashes are `unknown`.
    """
    ledger = Columns(tickets=history.tickets, remaining=history.remaining)
    ledger.sale, ledger.end = history.sale, history.end
    try:
        ledger.feed(_numbered(history.events))
        ledger.close()
    except HistoryError as error:
        return Verdict(Outcome.UNKNOWN, str(error))
    except Exception as error:
        return Verdict(Outcome.UNKNOWN, f"reading the history crashed: {error!r}")
    return decide(ledger).verdict


def _numbered(events: list[Event]) -> list[Event]:
    """Number the events as `dump` would, where the recorder has not."""
    if len(events) < 2 or events[0].index != events[-1].index:  # noqa: PLR2004 - a pair
        return events
    return [msgspec.structs.replace(event, index=at) for at, event in enumerate(events, 1)]


def decide(ledger: Columns, *, want_order: bool = False, states_max: int = STATES_MAX) -> Decision:
    """Check each inventory of a closed ledger alone, and join the verdicts.

    A history is linearizable exactly when each inventory's part is (Herlihy & Wing 1990,
    locality). Witness orders of several inventories are given one after another.
    """
    steps = Steps.of(ledger.steps)
    found: list[Decision] = []
    for here in ledger.inventories.values():
        try:
            found.append(_decide_one(here, ledger, steps, want_order, states_max))
        except Exception as error:
            crash = f"the check crashed: {error!r}"
            found.append(Decision(Verdict(Outcome.UNKNOWN, crash)))
        _add_rules(found, here, ledger, steps)
    try:
        about_locks = lock_anomalies.stuck(ledger, steps)
        if about_locks:
            found.append(Decision(_invalid(about_locks)))
    except Exception as error:
        crash = f"looking for stuck buyers crashed: {error!r}"
        found.append(Decision(Verdict(Outcome.UNKNOWN, crash)))
    return _join(found)


def _add_rules(found: list[Decision], here: Inventory, ledger: Columns, steps: Steps) -> None:
    try:
        broken = invariants.broken_rules(here, ledger, steps)
    except Exception as error:
        found.append(Decision(Verdict(Outcome.UNKNOWN, f"a rule crashed: {error!r}")))
        return
    if broken:
        found.append(Decision(_invalid(broken)))


def _invalid(anomalies: list[Anomaly]) -> Verdict:
    return Verdict(Outcome.INVALID, anomalies[0].message, tuple(anomalies))


def _join(found: list[Decision]) -> Decision:
    verdict = merge(one.verdict for one in found)
    certificates = tuple(proof for one in found for proof in one.certificates)
    orders = [one.order for one in found]
    order = None
    if verdict.outcome is Outcome.VALID and all(one is not None for one in orders):
        order = [index for one in orders for index in one or ()]
    return Decision(verdict, certificates, order)


def _decide_one(  # noqa: PLR0911 - a list of cases, each with its answer
    here: Inventory, ledger: Columns, steps: Steps, want_order: bool, states_max: int
) -> Decision:
    tickets, numbers = here.tickets, ledger.numbers
    if tickets is None:
        return _unknown("the history does not say how many tickets there were at the start")
    if tickets < 0:
        return _unknown(f"there were {tickets} tickets at the start: less than none")
    if has_refunds(here):
        return _with_refunds(here, tickets, numbers, want_order, states_max)
    unit = unit_of(here)
    mixed = is_mixed(here, unit)
    if mixed and too_many_pieces(here, unit):
        return _unknown(f"{tickets_(sum(here.sold.quantity))} of several quantities: too many")
    found = _prove(here, tickets, unit, numbers, ALL)
    if isinstance(found, Certificate):
        return _guilty(here, tickets, unit, numbers, steps, found)
    if mixed:
        return _search(here, tickets, numbers, want_order, states_max)
    order = None
    if want_order:
        problem, placement = found
        order = linearization.order(here, tickets, unit, numbers, problem, placement)
    return Decision(Verdict(Outcome.VALID, "some order explains every answer"), (), order)


def _prove(
    here: Inventory, tickets: int, unit: int, numbers: Numbers, parts: Parts
) -> Certificate | tuple[Problem, Placement]:
    impossible = out_of_range(here, tickets, unit, numbers, parts)
    if impossible is not None:
        return impossible
    problem = problem_of(here, tickets, unit, numbers, parts)
    found = solve(problem)
    if not isinstance(found, Clash):
        return problem, found
    return certify(found, here, tickets, unit, numbers, parts)


def _guilty(
    here: Inventory,
    tickets: int,
    unit: int,
    numbers: Numbers,
    steps: Steps,
    proof: Certificate,
) -> Decision:
    """Name what is wrong, having verified the proof: a wrong proof is our defect, not theirs."""
    if not verify(proof, tickets, unit, operations(here, numbers, proof.parts)):
        return _unknown(f"a certificate ({proof.kind}) does not hold: a defect of the checker")

    def prove(parts: Parts) -> Certificate | None:
        found = _prove(here, tickets, unit, numbers, parts)
        if not isinstance(found, Certificate):
            return None
        if not verify(found, tickets, unit, operations(here, numbers, found.parts)):
            raise AssertionError(f"a certificate ({found.kind}) does not hold")
        return found

    named = name_all(Case(here, tickets, unit, numbers, steps, prove, proof))
    return Decision(_invalid(named), (proof,))


def _search(
    here: Inventory, tickets: int, numbers: Numbers, want_order: bool, states_max: int
) -> Decision:
    ops = [*operations(here, numbers, ALL), *refunds(here)]
    try:
        path = search(ops, tickets, states_max)
    except OutOfBudget:
        return _unknown(f"no order found within the budget of {states_max} states")
    if path is not None:
        order = [x.index for x in path if x.what != "end"] if want_order else None
        return Decision(Verdict(Outcome.VALID, "some order explains every answer"), (), order)
    reason = "no order of the operations explains every answer (all were tried)"
    anomaly = Anomaly(AnomalyName.NOT_LINEARIZABLE, reason, events(ops))
    return Decision(Verdict(Outcome.INVALID, reason, (anomaly,)))


def _with_refunds(
    here: Inventory, tickets: int, numbers: Numbers, want_order: bool, states_max: int
) -> Decision:
    ops = [*operations(here, numbers, ALL), *refunds(here)]
    too_many = overdrawn(ops, tickets)
    if too_many:
        taken = sum(x.quantity for x in too_many)
        message = (
            f"{tickets_(taken)} were sold by the time {buyer(too_many[-1].process)} had its own, "
            f"more than the {tickets} and all refunds begun by then: "
            f"{listed(buyer(x.process) for x in too_many)}"
        )
        anomaly = Anomaly(AnomalyName.OVERSELL, message, events(too_many))
        return Decision(Verdict(Outcome.INVALID, message, (anomaly,)))
    observed = any(x.low is not None for x in ops)
    if observed:
        return _search(here, tickets, numbers, want_order, states_max)
    order = _early_refunds(ops) if want_order else None
    return Decision(Verdict(Outcome.VALID, "some order explains every answer"), (), order)


def _early_refunds(ops: Sequence[Op]) -> list[int]:
    """Order refunds by their beginning and orders by their end, refunds first where they touch."""
    moments: list[tuple[float, int, int]] = []
    for x in ops:
        if x.what in {"refund", "maybe-refund"}:
            moments.append((x.invoked, 0, x.index))
        elif x.what == "buy":
            moments.append((x.returned, 1, x.index))
    return [index for _, _, index in sorted(moments)]


def _unknown(reason: str) -> Decision:
    return Decision(Verdict(Outcome.UNKNOWN, reason))


__all__ = ["Decision", "check", "decide", "sentence"]
