"""Certificates are checked by a function that can say no."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from booking.checker import decide
from booking.checker.certificate import Certificate, verify
from booking.checker.counter.reduction import Constraints
from booking.checker.operations import operations
from tests.support.checking import columns_of
from tests.support.histories import history_of
from tests.support.planted_histories import buy, dies, search


def proof_of(ops, tickets, remaining=None):
    columns = columns_of(history_of(ops, tickets, remaining))
    (inventory,) = columns.inventories.values()
    (proof,) = decide(columns).certificates
    return proof, list(operations(inventory, "before", Constraints()))


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
    columns = columns_of(history_of([*STARVED, dies(9, 0)], 3))
    (inventory,) = columns.inventories.values()
    assert verify(proof, 3, 1, everything)
    assert not verify(proof, 3, 1, list(operations(inventory, "before", Constraints())))


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
