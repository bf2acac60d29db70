"""Every exploration says what it rests on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from booking.core.assembly import assemble
from booking.core.scenario import from_flags
from booking.experiments.premises import premises_of_replay, premises_of_sale
from booking.report.exploration_document import exploration_document
from tests.support.explorations import explored


def premises(*sale, **more) -> str:
    return "\n".join(explored(*sale, **more).premises)


def test_a_proof_names_its_bound_and_what_was_left_out() -> None:
    """The same sentences are the caveats of the document."""
    proof = explored(3, 2, lock="flock")
    document = exploration_document(proof, None)
    assert document["verdict"] == "valid"
    assert document["caveats"] == [
        "the bound is 3 buyers with one order each, and 2 tickets",
        "no quantities but 1",
        "each announced step is one effect",
        "equal buyers are interchangeable",
        "no searches (--search)",
        "no time-outs (--acquire-timeout)",
        "no clock: no time passes",
        "no crash, and no error of the system",
    ]


def test_what_was_explored_is_not_named_as_left_out() -> None:
    """Searches, time-outs, quantities, and buyers that differ."""
    text = premises((2, 1), 2, lock="flock", search=True, timeouts=True)
    assert "no quantities but 1 and 2" in text
    assert "search" not in text
    assert "time-out" not in text
    assert "interchangeable" not in text
    assert "steps on different resources commute" in text
    assert "commute" not in premises((2, 1), 2, lock="flock", method="plain")


def test_searches_that_may_meet_half_a_write_are_named_so() -> None:
    """The same sale with them is invalid."""
    proof = explored(2, 2, store="json-inplace", lock="flock")
    assert proof.exploration.outcome == "valid"
    left_out = "no searches, although a read of json-inplace may meet half a write (--search)"
    assert left_out in proof.premises
    searched = explored(2, 2, store="json-inplace", lock="flock", search=True)
    assert searched.exploration.outcome == "invalid"


def test_a_result_that_is_no_proof_has_them_too() -> None:
    """One buyer of one ticket is told in the singular."""
    assert "1 buyer with one order each, and 1 ticket" in premises(1, 1)
    assert premises(2, 1).startswith("the bound is 2 buyers")


def test_a_replay_rests_on_one_order_of_steps() -> None:
    """And on a clock that stands still; time-outs only where the counterexample has some."""
    counterexample = explored(2, 1).counterexample
    assert counterexample is not None
    sentences = premises_of_replay(counterexample)
    steps = len(counterexample.steps)
    assert sentences[0].startswith(f"the bound is one order of {steps} steps")
    assert any("time-outs" in sentence for sentence in sentences)
    assert any("clock" in sentence for sentence in sentences)
    assert not any(
        "time-outs" in one
        for one in premises_of_replay(msgspec.structs.replace(counterexample, timeouts=True))
    )


@pytest.mark.parametrize(
    "flags, left_out",
    [
        (
            {"lock": "flock"},
            {"no time-outs (--acquire-timeout)", "no crash, and no error of the system"},
        ),
        ({"search": False}, {"no searches (--search)", "no crash, and no error of the system"}),
        (
            {"search": False, "store": "json-inplace"},
            {
                "no searches, although a read of json-inplace may meet half a write (--search)",
                "no crash, and no error of the system",
            },
        ),
        ({"faults": [{"kind": "kill", "before": "replace"}]}, set()),
        ({"lock": "flock", "acquire_timeout": "1s"}, {"no crash, and no error of the system"}),
    ],
)
def test_a_sale_names_what_was_left_out(flags: dict[str, Any], left_out: set[str]) -> None:
    """Each only where it was."""
    assembly = assemble(from_flags({"buyers": 2, **flags}))
    sentences = premises_of_sale(assembly, 1, 0.5, "pct", controlled=True)
    assert sentences[:2] == [
        "the bound is one order of steps, chosen by pct, of 2 buyers and 1 ticket",
        "no quantities but 1",
    ]
    assert set(sentences[2:]) == {"no clock beyond the 0.500 s that it took", *left_out}
    alone = premises_of_sale(assembly, 1, 0.5, None, controlled=False)
    assert any("no control" in one for one in alone) == ("lock" in flags)
