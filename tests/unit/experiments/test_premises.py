"""Every exploration says what it rests on."""

from __future__ import annotations

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
