"""Evidence quotes the history: every event of it is one of the file's, and there is always one."""

from __future__ import annotations

import json
import random

import pytest
from click.testing import CliRunner

from booking.checker import check
from booking.checker.diagnosis.messages import EVIDENCE_MAX
from booking.cli.check import command
from booking.core.verdict import Outcome
from booking.history.model import dump, frame
from tests.support.histories import history_of, random_history
from tests.support.planted_histories import buy, dies, fails, planted, search

PLANTED = planted()


def hold_to_its_history(history) -> int:
    """Check each anomaly's evidence; return how many there were."""
    verdict = check(history)
    written = list(frame(history))
    for anomaly in verdict.anomalies:
        assert anomaly.evidence, (anomaly, history)
        assert all(event in written for event in anomaly.evidence), (anomaly, history)
        assert len(set(map(id, anomaly.evidence))) == len(anomaly.evidence)
        times = [(event.time, event.index) for event in anomaly.evidence]
        assert times == sorted(times), (anomaly, history)
    return len(verdict.anomalies)


def numbered(history):
    """Number the events from 1, as the recorder does."""
    for at, event in enumerate(history.events, 1):
        history.events[at - 1] = type(event)(
            **{**{name: getattr(event, name) for name in event.__struct_fields__}, "index": at}
        )
    return history


@pytest.mark.sweep(usual=lambda seed: seed < 2)
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("quantities", [(1,), (1, 2)])
def test_the_evidence_of_a_random_history_is_the_historys(seed, quantities):
    rng = random.Random(seed)
    found = sum(
        hold_to_its_history(numbered(random_history(rng, quantities, refunds=seed % 2 == 1)))
        for _ in range(500)
    )
    assert found > 100


@pytest.mark.parametrize("name", PLANTED)
def test_the_evidence_of_a_planted_fault_is_the_historys(name):
    history, expected = PLANTED[name]
    assert (hold_to_its_history(numbered(history)) > 0) == bool(expected)


OTHERS_LINES = [
    {"process": 0, "type": "invoke", "f": "add", "value": 1},
    {"process": 0, "type": "ok", "f": "add", "value": 1},
    {"process": 1, "type": "invoke", "f": "read"},
    {"process": 1, "type": "ok", "f": "read", "value": 2},
]


def checked(tmp_path, lines, *flags):
    path = tmp_path / "history.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = CliRunner().invoke(command, [str(path), *flags, "--json"])
    return json.loads(result.output)["anomalies"]


def test_another_tools_names_and_values_are_quoted_as_they_are_written(tmp_path):
    """Not as a `buy` and a `search` that answered 7."""
    flags = ["--buy", "add", "--observe", "read", "--counting", "up", "--tickets", "9"]
    (anomaly,) = checked(tmp_path, OTHERS_LINES, *flags)
    assert anomaly["witness"][-1]["f"] == "read"
    assert anomaly["witness"][-1]["value"] == 2
    assert {event["f"] for event in anomaly["witness"]} <= {"add", "read"}


def test_a_count_given_as_an_option_is_no_event_and_the_evidence_is_not_empty(tmp_path):
    lines = [{"process": 1, "type": "invoke", "f": "buy"}]
    lines += [{"process": 1, "type": "fail", "f": "buy", "error": "busy"}]
    (anomaly,) = checked(tmp_path, lines, "--tickets", "3", "--remaining", "1")
    assert anomaly["name"] == "lost-ticket"
    assert [event["f"] for event in anomaly["witness"]] == ["buy"]
    assert all(event["index"] > 0 for event in anomaly["witness"])


def test_a_recorded_count_is_quoted_as_the_end_line_has_it(tmp_path):
    path = tmp_path / "history.jsonl"
    dump(numbered(history_of([buy(1, 1, 5)], 3, 0)), path)
    result = CliRunner().invoke(command, [str(path), "--json"])
    (anomaly,) = json.loads(result.output)["anomalies"]
    end = anomaly["witness"][-1]
    assert end == json.loads(path.read_text().splitlines()[-1]) | {"time": end["time"]}


def test_long_evidence_keeps_its_beginning_and_its_end():
    ops = [buy(who, who, who + 1) for who in range(200)]
    (anomaly,) = check(numbered(history_of(ops, 200, 100))).anomalies
    assert len(anomaly.evidence) == EVIDENCE_MAX
    assert anomaly.evidence[-1].f == "end"


def test_a_valid_verdict_says_what_it_rests_on():
    ops = [buy(1, 0, 1), buy(2, 0, 1), search(3, 2, 3, 0), fails(4, 5, 6)]
    reason = check(history_of(ops, 2, 0)).reason
    assert reason == (
        "some order explains every answer: 2 sales, 1 search, 1 sold-out and the count at the end"
    )


NOTHING = {
    "every reply was lost": ([dies(1, 0), dies(2, 1)], "2 of unknown outcome"),
    "every order failed": ([fails(1, 0, 1, "busy")], "1 failed (busy)"),
    "both": ([fails(1, 0, 1, "busy"), dies(2, 0)], "1 failed (busy) and 1 of unknown outcome"),
    "no operation": ([], "sold out"),
}


@pytest.mark.parametrize("what", NOTHING)
@pytest.mark.parametrize("remaining", [3, None])
def test_a_sale_in_which_nothing_was_answered_is_unknown(what, remaining):
    ops, said = NOTHING[what]
    verdict = check(history_of(ops, 3, remaining), answers_needed=True)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason.endswith(said)


def test_the_command_asks_for_answers_too(tmp_path):
    path = tmp_path / "history.jsonl"
    dump(numbered(history_of([dies(1, 0)], 3, 3)), path)
    assert CliRunner().invoke(command, [str(path)]).exit_code == 3
