"""Certificates and witnesses are checked by functions that can say no."""

from __future__ import annotations

import random
from dataclasses import replace

import msgspec
import pytest

from booking.checker import Columns, Naming, check, decide
from booking.checker import decide as decide_function
from booking.checker.certificate import Certificate, operations, verify
from booking.checker.linearization import replay
from booking.checker.reduction import Parts
from booking.core.verdict import Outcome
from booking.history.model import Event, History
from tests.support.histories import history_of
from tests.support.planted_histories import buy, dies, fails, search
from tests.unit.checker.test_cross_check import ledger_of


def proof_of(ops, tickets, remaining=None):
    ledger = ledger_of(history_of(ops, tickets, remaining))
    (here,) = ledger.inventories.values()
    (proof,) = decide(ledger).certificates
    return proof, list(operations(here, "before", Parts()))


OVERFULL = [buy(1, 0, 1), buy(2, 2, 3), search(3, 4, 5, 2)]
STARVED = [buy(1, 0, 1), search(3, 4, 5, 1), buy(2, 6, 7)]
ROSE = [buy(1, 0, 9), buy(4, 0, 9), search(2, 1, 2, 1), search(3, 4, 5, 2)]
RANGE = [search(3, 4, 5, 4)]


@pytest.mark.parametrize(
    "ops, kind",
    [(OVERFULL, "overfull"), (STARVED, "starved"), (ROSE, "rose"), (RANGE, "out of range")],
)
def test_each_kind_of_certificate_is_given_and_holds(ops, kind):
    proof, everything = proof_of(ops, 3)
    assert proof.kind == kind
    assert verify(proof, 3, 1, everything)


def test_an_overfull_certificate_needs_all_its_members():
    proof, everything = proof_of(OVERFULL, 3)
    assert not verify(replace(proof, members=proof.members[1:]), 3, 1, everything)
    assert not verify(replace(proof, members=proof.members[1:] * 2), 3, 1, everything)
    assert not verify(replace(proof, after=None), 3, 1, everything)
    assert not verify(replace(proof, low=proof.low + 5), 3, 1, everything) or proof.low + 5 > 3


def test_a_starved_certificate_fails_when_another_order_could_have_been():
    proof, everything = proof_of(STARVED, 3)
    ledger = ledger_of(history_of([*STARVED, dies(9, 0)], 3))
    (here,) = ledger.inventories.values()
    assert verify(proof, 3, 1, everything)
    assert not verify(proof, 3, 1, list(operations(here, "before", Parts())))


def test_a_rise_is_none_where_the_searches_overlap():
    proof, everything = proof_of(ROSE, 3)
    touching = replace(
        proof, after=msgspec.structs.replace(proof.after, invoked=proof.before.returned)
    )
    assert not verify(touching, 3, 1, everything)


def test_a_count_in_range_proves_nothing():
    _, everything = proof_of(RANGE, 3)
    seen = msgspec.structs.replace(everything[0], low=3, high=3)
    assert not verify(Certificate("out of range", before=seen), 3, 1, everything)


def test_replaying_notices_a_wrong_order():
    ops = [buy(1, 0, 1, 3), buy(2, 2, 3, 2), search(3, 4, 5, 1)]
    ledger = ledger_of(history_of(ops, 3, 1))
    (here,) = ledger.inventories.values()
    right = decide(ledger, want_order=True).order
    assert right == [0, 2, 4]
    assert replay(here, 3, "before", right) is None
    assert replay(here, 3, "before", [2, 0, 4]) is not None
    assert replay(here, 3, "before", right[:2]) is not None
    assert replay(here, 4, "before", right) is not None
    here.remaining = 0
    assert replay(here, 3, "before", right) is not None


def test_a_check_that_crashes_is_unknown(monkeypatch):
    def crash(*_, **__):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("booking.checker.decision.solve", crash)
    verdict = check(history_of([buy(1, 0, 1)], 3))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "planted" in verdict.reason


def test_a_crash_never_hides_what_another_rule_has_found(monkeypatch):
    def crash(*_, **__):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("booking.checker.decision.solve", crash)
    verdict = check(history_of([fails(1, 0, 1, "torn-read")], 3))
    assert verdict.outcome is Outcome.INVALID


def test_a_certificate_that_does_not_hold_is_our_defect(monkeypatch):
    monkeypatch.setattr("booking.checker.decision.verify", lambda *_: False)
    verdict = check(history_of(OVERFULL, 3))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "defect" in verdict.reason


def test_a_history_that_contradicts_itself_is_unknown():
    assert check(History(1, 0, [Event(0, 1, "ok", "buy", 1, 5)])).outcome is Outcome.UNKNOWN


def test_without_the_number_of_tickets_it_is_unknown():
    assert check(History(None, 0, [])).outcome is Outcome.UNKNOWN


def test_tickets_without_number_make_no_room_for_memory():
    """A hall of 10¹⁵ tickets is judged by its sales, not by its seats."""
    huge = 10**15
    ops = [buy(1, 0, 1, huge), search(2, 2, 3, huge - 1), search(2, 4, 5, 0)]
    assert check(history_of(ops[:2], huge, huge - 1)).outcome is Outcome.VALID
    assert check(history_of(ops, huge)).outcome is Outcome.INVALID


def test_a_search_within_its_budget_says_so():
    rng = random.Random(5)
    ops = [(n, "buy", 0, None, "info", None, rng.randint(50, 99) * 2, None) for n in range(20)]
    ops += [dies(50, 0, 3), search(60, 1, 2, 1001)]
    ledger = ledger_of(history_of(ops, 2000))
    verdict = decide_function(ledger, states_max=500).verdict
    assert verdict.outcome is Outcome.UNKNOWN
    assert "500 states" in verdict.reason


def test_numbers_can_be_the_count_after():
    ops = [buy(1, 0, 1, 2), buy(2, 2, 3, 1)]
    for numbers, outcome in (("after", Outcome.VALID), ("before", Outcome.INVALID)):
        ledger = Columns(Naming(numbers=numbers), tickets=3, remaining=1)
        ledger.feed(history_of(ops, 3).events)
        ledger.close()
        assert decide(ledger).verdict.outcome is outcome


def test_events_need_no_numbers_of_their_own():
    """The recorder leaves every index 0: `dump` numbers them, and so does the check."""
    history = history_of([buy(who, 0, 1) for who in range(5)], 3)
    history.events = [msgspec.structs.replace(event, index=0) for event in history.events]
    (anomaly,) = check(history).anomalies
    assert anomaly.name == "oversell"
    assert len({event.index for event in anomaly.witness}) == 8
