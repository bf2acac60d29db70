"""Large sales that are right are valid; with one fault planted it is found, named and quoted."""

from __future__ import annotations

from random import Random

import pytest

from booking.core.verdict import Outcome
from tests.support.crosscheck import decision_of, evidence_problems, indexes
from tests.support.large_sales import FAULTS, KINDS, replay, right_sale

SIZES = [1_000, 10_000, 100_000]
PLANTED = sorted((fault, kind) for fault, (_, _, kinds) in FAULTS.items() for kind in kinds)


@pytest.mark.sweep(usual=lambda size: size < 10_000)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_right_sale_is_valid(kind, size):
    rng = Random(size)
    sale = right_sale(rng, KINDS[kind], size).recording(rng)
    decision = decision_of(sale)
    assert decision.verdict.outcome is Outcome.VALID, decision.verdict
    assert replay(sale, decision.order) is None


@pytest.mark.sweep(usual=lambda size: size < 10_000)
@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize("fault, kind", PLANTED)
def test_one_planted_fault_is_found(fault, kind, size):
    plant, name, _ = FAULTS[fault]
    rng = Random(size)
    right = right_sale(rng, KINDS[kind], size)
    rows = plant(rng, right)
    sale = right.recording(rng)
    verdict = decision_of(sale).verdict
    assert verdict.outcome is Outcome.INVALID, verdict
    named = {one.name.value: one for one in verdict.anomalies}
    assert name in named, verdict
    assert not list(evidence_problems(sale, named[name]))
    times = {(event["index"]): event for event in sale.events}
    quoted = [times[at] for at in indexes(named[name], sale) if at in times]
    offset = right.profile.offset
    planted = {(row.process, row.begin + offset) for row in rows}
    assert not planted or planted & {(event["process"], event["time"]) for event in quoted}
