"""Each anomaly, planted in a small sale, is found and called by its name, and by no other."""

from __future__ import annotations

import pytest

from booking.checker import check
from booking.core.verdict import AnomalyName
from booking.history.model import SaleEnd, Wait
from tests.support.histories import history_of
from tests.support.planted_histories import dies, planted, step

PLANTED = planted()


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_named(name):
    history, expected = PLANTED[name]
    verdict = check(history)
    assert {one.name.value for one in verdict.anomalies} == expected, verdict
    assert verdict.outcome.value == ("invalid" if expected else "valid")
    assert all(one.message and one.evidence for one in verdict.anomalies)


def test_every_name_has_a_history():
    found = {name for _, names in PLANTED.values() for name in names}
    assert found == {name.value for name in AnomalyName}


def message(name: str, of: str) -> str:
    verdict = check(PLANTED[name][0])
    return next(one.message for one in verdict.anomalies if one.name.value == of)


def test_a_race_is_told_as_a_person_would_tell_it():
    told = message("double-sold", "double-sold")
    assert told == "ticket 3 was sold to buyer 1 and buyer 4: both read 3 before either wrote"


def test_a_torn_read_says_who_was_writing_and_that_the_reader_took_no_lock():
    assert message("torn-read", "torn-read") == (
        "buyer 4 met the count half-written: buyer 1 had truncated data.json and not yet written; "
        "buyer 4 did not take the lock"
    )


def test_a_deadlock_shows_the_circle():
    assert message("hang", "hang") == (
        "deadlock: buyer 1 waits for b.lock, held by buyer 2 and "
        "buyer 2 waits for a.lock, held by buyer 1"
    )


def test_the_witness_holds_the_fewest_events():
    history, _ = PLANTED["oversell"]
    (oversell,) = check(history).anomalies
    assert len(oversell.evidence) == 8  # four orders for three tickets


def test_a_search_that_the_count_never_was_is_not_called_stale():
    history, _ = PLANTED["not-linearizable"]
    (anomaly,) = check(history).anomalies
    assert "7" in anomaly.message


def test_who_hangs_behind_a_dead_holder_is_named_with_the_cause_first():
    steps = [step(1, 1, "acquire", saw=1), step(2, 6, "acquire")]
    end = SaleEnd(hung=[2], crashed={1: "SIGKILL"}, waits=[Wait(2, "acquire", "sale.lock", 1)])
    verdict = check(history_of([dies(1, 0), dies(2, 5)], 3, 3, steps, end=end))
    assert [one.name.value for one in verdict.anomalies] == ["stale-lock", "hang"]
    assert verdict.reason == "buyer 2 waited for sale.lock, which buyer 1 held when it died"
