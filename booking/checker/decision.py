"""Decide a history: from its columns to a verdict with a proof; a check that crashes is unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from booking.checker.certificate import Certificate, verify
from booking.checker.counter.certain import certain_fault, rise
from booking.checker.counter.certify import certify, out_of_range
from booking.checker.counter.linearization import linearize
from booking.checker.counter.reduction import (
    ALL_CONSTRAINTS,
    Constraints,
    Counter,
    slot_problem,
    unit_of,
)
from booking.checker.counter.slot_matching import HallViolator, Matching, SlotProblem, solve
from booking.checker.diagnosis.evidence import Originals, quoted
from booking.checker.diagnosis.falling import diagnose
from booking.checker.diagnosis.refuted import RefutedInventory
from booking.checker.diagnosis.rising import RefutedCount, diagnose_count, oversell, unsold
from booking.checker.operations import Op, all_operations, operations
from booking.checker.reading.columns import Columns
from booking.checker.reading.inventory import Inventory
from booking.checker.reading.unjudged import repeated_answers, unjudged
from booking.checker.returns.count_problem import CountProblem, order_or_refute, search_or_refute
from booking.checker.returns.excess import Stock
from booking.checker.returns.seat_order import order_seats
from booking.checker.returns.seats import refute_seats
from booking.checker.rules.at_stake import with_sales
from booking.checker.rules.causes import StepsByProcess
from booking.checker.rules.grounds import grounded
from booking.checker.rules.intents import decide_purchases, purchases_of
from booking.checker.rules.invariants import broken_invariants
from booking.checker.rules.let_in import against_lock
from booking.checker.rules.lock_anomalies import find_lock_anomalies
from booking.checker.rules.sale_caveats import sale_caveats, without_accusation
from booking.checker.search.program_order import keeps_program_order, tightened
from booking.checker.search.wgl import STATES_MAX, BudgetExceededError
from booking.core.verdict import Anomaly, Outcome, Verdict, merge
from booking.errors import HistoryError
from booking.history.model import Event, History, frame

EXPLAINED = "some order explains every answer"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its proof: a linearization where it is valid, else a certificate.

    `order` holds indexes of invocations. It is None where the caller wanted none, or there is none.
    """

    verdict: Verdict
    certificates: tuple[Certificate, ...] = ()
    order: list[int] | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    """What the caller wants of a decision, and how far the search may go."""

    order: bool
    states_max: int


def check(history: History, *, answers_needed: bool = False) -> Verdict:
    """Check a sale's history; `answers_needed`: it is `unknown` where nothing was answered.

    Never raises: a history that contradicts itself and a check that crashes are `unknown`.
    """
    columns = Columns()
    columns.sale = {**history.sale, "tickets": history.tickets}
    columns.end = msgspec.structs.replace(history.end, remaining=history.remaining)
    events = _numbered(history.events)
    if history.remaining is not None or history.end.inventories:
        columns.end_index = max((event.index for event in events), default=0) + 1
    try:
        columns.feed(events)
        columns.close()
    except HistoryError as error:
        return Verdict(Outcome.UNKNOWN, str(error))
    except Exception as error:
        return Verdict(Outcome.UNKNOWN, f"reading the history crashed: {error!r}")
    originals = partial(_originals, history, events, columns.end_index)
    return decide(columns, originals=originals, answers_needed=answers_needed).verdict


def _originals(
    history: History, events: list[Event], end_index: int | None, wanted: set[int]
) -> dict[int, Event]:
    """Return the events of these indexes, and the end as its line has it."""
    found = {event.index: event for event in events if event.index in wanted}
    if end_index is not None and end_index in wanted:
        *_, end = frame(history)
        found[end_index] = msgspec.structs.replace(end, index=end_index)
    return found


def _numbered(events: list[Event]) -> list[Event]:
    """Number the events as `dump` would, where all have one index: a recorder need not count."""
    if len(events) < 2 or events[0].index != events[-1].index:  # noqa: PLR2004 - a pair
        return events
    return [msgspec.structs.replace(event, index=at) for at, event in enumerate(events, 1)]


def decide(
    columns: Columns,
    *,
    want_order: bool = False,
    states_max: int = STATES_MAX,
    originals: Originals | None = None,
    answers_needed: bool = False,
) -> Decision:
    """Check what closed columns hold, each inventory alone, and join the verdicts.

    `originals` returns the events of some indexes as the history has them: they are the evidence.

    A history is linearizable exactly when each inventory's part is (Herlihy & Wing 1990,
    locality). Linearizations of several inventories follow one another.
    """
    request = _Request(want_order, states_max)
    decisions = [_decide_reading(columns, request)]
    if columns.as_echoes is not None:
        echoed = _decide_reading(columns.as_echoes, request)
        decisions = [_of_two_readings(decisions[0], echoed, columns)]
    decisions += [_unknown(reason) for reason in (*sale_caveats(columns), *unjudged(columns))]
    decision = _join(decisions)
    verdict = grounded(decision.verdict, columns, answers_needed=answers_needed)
    verdict = against_lock(with_sales(verdict, columns), columns)
    verdict = without_accusation(verdict, columns.end)
    proofs = decision.certificates if verdict.outcome is Outcome.INVALID else ()
    shown = decision.order if verdict.outcome is Outcome.VALID else None
    verdict = quoted(verdict, columns, originals)
    return Decision(verdict, proofs, shown)


def _decide_reading(columns: Columns, request: _Request) -> Decision:
    steps = StepsByProcess.of(columns.steps)
    decisions: list[Decision] = []
    for inventory in columns.inventories.values():
        try:
            purchases = purchases_of(inventory)
        except Exception as error:
            decisions.append(_unknown(f"the check crashed: {error!r}"))
            continue
        order = partial(_decide_order, columns=columns, steps=steps, request=request)
        try:
            decisions.append(decide_purchases(purchases, order))
        except Exception as error:
            decisions.append(_unknown(f"the check crashed: {error!r}"))
        rules = partial(broken_invariants, purchases, columns, steps)
        decisions += _by_rules(rules, "a rule crashed")
    locks = partial(find_lock_anomalies, columns, steps)
    decisions += _by_rules(locks, "looking for stuck buyers crashed")
    return _join(decisions)


def _of_two_readings(numbered: Decision, echoed: Decision, columns: Columns) -> Decision:
    """Decide a history in which every answer repeats what was asked for.

    Answers that are numbers, as the caller says, are held to be right. Where they would be wrong,
    they may be echoes; so only what is wrong in both readings is invalid.
    """
    outcomes = numbered.verdict.outcome, echoed.verdict.outcome
    if outcomes == (Outcome.INVALID, Outcome.INVALID):
        return echoed
    if outcomes[0] is not Outcome.INVALID:
        return numbered
    return _unknown(f"{repeated_answers(columns)}: {numbered.verdict.reason}")


def _by_rules(rules: Callable[[], list[Anomaly]], crash: str) -> list[Decision]:
    """Return a decision on the anomalies that rules find; none where they find nothing."""
    try:
        anomalies = rules()
    except Exception as error:
        return [_unknown(f"{crash}: {error!r}")]
    return [_invalid(anomalies)] if anomalies else []


def _join(decisions: Sequence[Decision]) -> Decision:
    verdict = merge(decision.verdict for decision in decisions)
    certificates = tuple(proof for decision in decisions for proof in decision.certificates)
    orders = [decision.order for decision in decisions]
    order = None
    if verdict.outcome is Outcome.VALID and all(part is not None for part in orders):
        order = [index for part in orders for index in part or ()]
    return Decision(verdict, certificates, order)


def _decide_order(
    inventory: Inventory, columns: Columns, steps: StepsByProcess, request: _Request
) -> Decision:
    """Decide whether an inventory's operations have an order that a counter can serve."""
    tickets = inventory.tickets
    if tickets is None or tickets < 0:
        return _unknown(_no_start(tickets))
    counter = Counter(inventory, tickets, unit_of(inventory), columns.numbers)
    if columns.numbers != "seat" or (inventory.unlogged and inventory.has_refunds):
        return _decide_count(counter, steps, request)
    proof = refute_seats(inventory)
    count = _decide_count(counter, steps, request, seats=proof is None)
    return count if proof is None else _join([_seat_refuted(proof, counter), count])


def _decide_count(
    counter: Counter, steps: StepsByProcess, request: _Request, *, seats: bool = False
) -> Decision:
    """Decide a count; with `seats` its order must fit those as well."""
    if counter.inventory.has_refunds:
        return _with_refunds(counter, steps, request, seats=seats)
    answer = _match_or_refute(counter, ALL_CONSTRAINTS)
    if isinstance(answer, Certificate):
        return _refuted(counter, steps, answer)
    if counter.inventory.unlogged:  # no search: orders that no log shows explain much
        return _valid(None)
    if answer is None or counter.is_mixed:
        return _search(counter, steps, request)
    if counter.inventory.touches:
        return _in_program_order(counter, linearize(counter, *answer), steps, request)
    return _valid(linearize(counter, *answer) if request.order else None)


def _in_program_order(
    counter: Counter, order: list[int], steps: StepsByProcess, request: _Request
) -> Decision:
    """Decide whether an order exists that keeps the program of each process, where times tie.

    One was found that need not. Parting the operations that touch is sufficient, not necessary.
    """
    if keeps_program_order(counter.inventory, order):
        return _valid(order if request.order else None)
    parted = replace(counter, inventory=tightened(counter.inventory))
    answer = _match_or_refute(parted, ALL_CONSTRAINTS)
    if answer is None or isinstance(answer, Certificate):
        return _search(counter, steps, request)
    order = linearize(parted, *answer)
    if not keeps_program_order(counter.inventory, order):  # of a purchase with several attempts
        return _search(counter, steps, request)
    return _valid(order if request.order else None)


def _no_start(tickets: int | None) -> str:
    if tickets is None:
        return "the history does not say how many tickets there were at the start"
    return f"there were {tickets} tickets at the start: less than none"


def _match_or_refute(
    counter: Counter, constraints: Constraints
) -> Certificate | tuple[SlotProblem, Matching] | None:
    """Return a proof, or the slots that sales can fill; None where those are too many to try."""
    impossible = (
        certain_fault(counter, constraints)
        if counter.is_mixed
        else out_of_range(counter, constraints)
    )
    if impossible is not None:
        return impossible
    divided = counter.is_mixed or counter.inventory.unlogged
    if divided and counter.has_too_many_single_sales:
        return rise(counter, constraints)
    problem = slot_problem(counter, constraints)
    answer = solve(problem)
    if not isinstance(answer, HallViolator):
        return problem, answer
    return certify(answer, counter, constraints)


def _refuted(counter: Counter, steps: StepsByProcess, proof: Certificate) -> Decision:
    """Verify the proof and name what is wrong; a wrong proof is a defect of the checker."""
    if not _holds(proof, counter):
        return _unknown(f"a certificate ({proof.kind}) does not hold: a defect of the checker")

    def refute(constraints: Constraints, part: Inventory | None = None) -> Certificate | None:
        of = counter if part is None else replace(counter, inventory=part)
        answer = _match_or_refute(of, constraints)
        if not isinstance(answer, Certificate):
            return None
        if not _holds(answer, of):
            raise AssertionError(f"a certificate ({answer.kind}) does not hold")
        return answer

    return _invalid(diagnose(RefutedInventory(counter, steps, refute, proof)), proof)


def _holds(proof: Certificate, counter: Counter) -> bool:
    ops = operations(counter.inventory, counter.numbers, proof.constraints)
    return verify(proof, counter.tickets, counter.unit, ops)


def _search(counter: Counter, steps: StepsByProcess, request: _Request) -> Decision:
    """Search for an order, where orders are of several quantities."""
    problem = CountProblem.of(counter)
    return _answer_of(problem, partial(search_or_refute, problem), steps, request)


def _with_refunds(
    counter: Counter, steps: StepsByProcess, request: _Request, *, seats: bool
) -> Decision:
    problem = CountProblem.of(counter)
    if counter.inventory.unlogged:  # any number of orders and refunds may have happened besides
        problem = problem.without_balance()

    def answer(states_max: int) -> Sequence[Op] | Certificate:
        found = order_or_refute(problem, states_max)
        if isinstance(found, Certificate) or not seats:
            return found
        return order_seats(problem, found, states_max)

    return _answer_of(problem, answer, steps, request)


def _answer_of(
    problem: CountProblem,
    answer: Callable[[int], Sequence[Op] | Certificate],
    steps: StepsByProcess,
    request: _Request,
) -> Decision:
    try:
        found = answer(request.states_max)
    except BudgetExceededError as exceeded:
        if str(exceeded):
            return _unknown(str(exceeded))
        budget = f"the budget of {request.states_max} states"
        return _unknown(f"no order found within {budget}; a larger --states goes further")
    if isinstance(found, Certificate):
        return _count_refuted(problem, steps, found)
    return _valid([x.index for x in found if x.what != "end"] if request.order else None)


def _count_refuted(problem: CountProblem, steps: StepsByProcess, proof: Certificate) -> Decision:
    """Verify every proof and name what is wrong."""
    named = diagnose_count(RefutedCount(problem.ops, problem.stock, steps, problem.refute, proof))
    proofs = tuple(dict.fromkeys(each for _, each in named))
    for each in proofs:
        if each.is_verifiable and not _proves(each, problem.stock, problem.ops):
            return _unknown(f"a certificate ({each.kind}) does not hold: a defect of the checker")
    return _invalid([anomaly for anomaly, _ in named], *proofs)


def _proves(proof: Certificate, stock: Stock, ops: Sequence[Op]) -> bool:
    return verify(proof, stock.tickets, stock.unit, ops)


def _seat_refuted(proof: Certificate, counter: Counter) -> Decision:
    ops = list(all_operations(counter.inventory, "seat", ALL_CONSTRAINTS))
    stock = Stock(1, 1, proof.key, proof.seat)
    if not _proves(proof, stock, ops):
        return _unknown(f"a certificate ({proof.kind}) does not hold: a defect of the checker")
    if proof.kind == "too high":
        return _invalid([oversell(proof, ops, stock)], proof)
    return _invalid([unsold(proof, ops, stock)], proof)


def _valid(order: list[int] | None) -> Decision:
    return Decision(Verdict(Outcome.VALID, EXPLAINED), (), order)


def _invalid(anomalies: Sequence[Anomaly], *proofs: Certificate) -> Decision:
    verdict = Verdict(Outcome.INVALID, anomalies[0].message, tuple(anomalies))
    return Decision(verdict, proofs)


def _unknown(reason: str) -> Decision:
    return Decision(Verdict(Outcome.UNKNOWN, reason))


__all__ = ["Decision", "check", "decide"]
