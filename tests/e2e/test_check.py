"""`booking check`: what people and scripts see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from booking.cli.check import command
from booking.errors import HistoryError
from tests.support.planted_histories import FOLDER

LINES = [
    '{"index":0,"process":0,"type":"invoke","f":"buy","value":null,"time":1}',
    '{"index":1,"process":0,"type":"ok","f":"buy","value":2,"time":5}',
    '{"index":2,"process":1,"type":"invoke","f":"search","value":null,"time":6}',
    '{"index":3,"process":1,"type":"ok","f":"search","value":1,"time":7}',
]


def run(path: Path, *flags: str):
    return CliRunner().invoke(command, [str(path), *flags])


def written(tmp_path: Path, text: str | bytes, name: str = "h.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: Path, *flags: str) -> str:
    result = run(path, *flags)
    assert isinstance(result.exception, HistoryError), result.output
    assert result.exception.exit_code == 2
    message = str(result.exception)
    assert "\n" not in message
    return message


def test_another_tools_history_needs_only_the_operations(tmp_path):
    result = run(written(tmp_path, "\n".join(LINES) + "\n"), "--tickets", "2", "--json")
    assert result.exit_code == 0
    assert json.loads(result.output)["witness_order"] == [0, 2]


def test_without_the_number_of_tickets_it_asks_for_it(tmp_path):
    assert "--tickets" in refused(written(tmp_path, "\n".join(LINES)))


def test_the_number_at_the_end_can_be_given(tmp_path):
    path = written(tmp_path, "\n".join(LINES))
    result = run(path, "--tickets", "2", "--remaining", "0", "--json")
    assert [one["name"] for one in json.loads(result.output)["anomalies"]] == ["lost-ticket"]


def test_a_history_cut_off_in_a_line_is_judged_up_to_there_and_says_so(tmp_path):
    path = written(tmp_path, "\n".join(LINES)[:-20])
    result = run(path, "--tickets", "2", "--json")
    found = json.loads(result.output)
    assert result.exit_code == 0
    assert "cut off in line 4" in found["reason"]
    assert "cut off in line 4" in run(path, "--tickets", "2").output


@pytest.mark.parametrize(
    "line, text, expected",
    [
        (2, "nonsense", "not JSON"),
        (3, '{"index":2,"process":1,"type":"invoke","f":"search","time":"late"}', "time"),
        (3, '{"index":2,"process":1,"type":"invoke","f":"search"}', "time"),
        (3, '{"index":2,"process":1,"type":"began","f":"search","time":6}', "'began'"),
        (2, '{"index":1,"process":0,"type":"ok","f":"buy","value":2,"time":0}', "before it was"),
        (2, '{"index":1,"process":7,"type":"ok","f":"buy","value":2,"time":5}', "never invoked"),
        (2, '{"index":1,"process":0,"type":"invoke","f":"buy","time":5}', "last operation"),
        (4, '{"index":3,"process":1,"type":"ok","f":"search","value":"x","time":7}', "no count"),
        (1, '{"index":0,"process":0,"type":"invoke","f":"buy","time":1,"quantity":0}', "quantity"),
        (2, "[1, 2]", "object"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, line, text, expected):
    lines = [*LINES]
    lines[line - 1] = text
    message = refused(written(tmp_path, "\n".join(lines) + "\n"), "--tickets", "2")
    assert f"line {line}" in message, message
    assert expected in message or "tickets" in message, message


def test_text_that_is_not_utf_8_is_refused(tmp_path):
    assert "line 1" in refused(written(tmp_path, b"\xff\xfe{}\n{}\n"), "--tickets", "2")


def test_a_missing_file_is_refused(tmp_path):
    assert "No such file" in refused(tmp_path / "none.jsonl", "--tickets", "2")


def test_blank_lines_and_windows_line_ends_do_no_harm(tmp_path):
    path = written(tmp_path, "\r\n\r\n".join(LINES) + "\r\n")
    assert run(path, "--tickets", "2").exit_code == 0


def test_where_times_and_indexes_are_missing_the_order_of_lines_counts(tmp_path):
    rows = [json.loads(line) for line in LINES]
    bare = [{k: v for k, v in row.items() if k not in {"time", "index"}} for row in rows]
    path = written(tmp_path, "\n".join(map(json.dumps, bare)) + "\n")
    result = run(path, "--tickets", "2", "--json")
    assert json.loads(result.output)["witness_order"] == [1, 3]


@pytest.mark.parametrize("text, said", [
    ("", "it is empty: nothing to check"),
    ("\n \n", "it is empty: nothing to check"),
    ('{"process": 0, "type":', "cut off in line 1"),
    ('{"value":' + "[" * 5000 + "\n", "nested too deeply"),
    ("\n".join(LINES).replace('"buy"', '"z"').replace('"search"', '"y"') + "\n", "has y, z"),
    ("\n".join(LINES).replace('"ok","f":"buy"', '"ok","f":"search"') + "\n", "and invoked a buy"),
    ('{"index":0,"process":0,"type":"info","f":"end","value":{"hung":3},"time":1}\n', "hung"),
])  # fmt: skip
def test_what_cannot_be_judged_is_never_valid(tmp_path, text, said):
    """A misspelt name, a cut, a frame of the wrong kind: exit code 2 and what is wrong."""
    result = run(written(tmp_path, text), "--tickets", "2")
    assert isinstance(result.exception, HistoryError), result.output
    assert said in str(result.exception)


def test_a_history_of_a_newer_format_is_refused_and_its_version_named(tmp_path):
    """Exit code 2 and the line; a history without a version is of the first."""
    sale = '{"index":9,"process":"harness","type":"info","f":"sale","value":{%s},"time":0}\n'
    text = "\n".join(LINES)
    newer = written(tmp_path, sale % '"version":2,"tickets":2' + text)
    assert refused(newer) == f"{newer}, line 1: version 2 of a history; this booking reads up to 1"
    for value in ('"tickets":2', '"version":1,"tickets":2'):
        assert run(written(tmp_path, sale % value + text)).exit_code == 0


def test_indexes_that_stand_twice_are_refused(tmp_path):
    """A proof names events by their index; here it would name two."""
    text = "\n".join(LINES[:2] + [line.replace('"process":0', '"process":7') for line in LINES[:2]])
    assert "have the index of another one" in refused(written(tmp_path, text), "--tickets", "2")


def test_other_names_and_a_counter_of_tickets_sold(tmp_path):
    text = "\n".join(LINES).replace('"buy","value":2', '"buy","value":null')
    text = text.replace("buy", "add").replace("search", "read")
    path = written(tmp_path, text + "\n")
    names = ["--buy", "add", "--observe", "read", "--counting", "up", "--tickets", "9"]
    assert run(path, *names).exit_code == 0  # one sold, and one was seen sold
    text = text.replace('"read","value":1', '"read","value":2')
    assert run(written(tmp_path, text), *names).exit_code == 1


def test_seats_come_in_any_order_but_each_once(tmp_path):
    text = "\n".join(LINES[:2])
    more = text.replace('"process":0', '"process":5').replace('"index":', '"index":1')
    path = written(tmp_path, f"{text}\n{more}\n")
    result = run(path, "--tickets", "9", "--numbers", "seat", "--json")
    assert [one["name"] for one in json.loads(result.output)["anomalies"]] == ["double-sold"]
    path = written(tmp_path, f"{text}\n{more}\n".replace('"value":2', '"value":1', 1))
    assert run(path, "--tickets", "9", "--numbers", "seat").exit_code == 0


def test_unknown_is_3_and_never_a_pass(tmp_path):
    rows = []
    for who in range(24):  # which of them made the count 1? a subset sum
        quantity = 2 * (3**10 + 7**who % 9973)
        rows.append({"process": who, "type": "invoke", "f": "buy", "time": 0, "quantity": quantity})
    rows.append({"process": 99, "type": "invoke", "f": "buy", "time": 0, "quantity": 3})
    rows.append({"process": 50, "type": "invoke", "f": "search", "time": 1})
    rows.append({"process": 50, "type": "ok", "f": "search", "time": 2, "value": 1_000_001})
    path = written(tmp_path, "\n".join(map(json.dumps, rows)) + "\n")
    result = run(path, "--tickets", "2000000", "--states", "3000", "--json")
    found = json.loads(result.output)
    assert result.exit_code == 3
    assert found["verdict"] == "unknown"
    assert "budget of 3000 states" in found["reason"]


def test_the_diagram_shows_a_row_for_each_buyer_and_the_count_that_had_to_be():
    out = run(FOLDER / "double-sold.jsonl", "--explain").output
    rows = [line for line in out.splitlines() if "├" in line]
    assert [row.split()[:2] for row in rows] == [["buyer", "1"], ["buyer", "4"]]
    assert "the count  ≤3" in out
    assert "≥2" in out
    assert "overlapping: buyer 1 with buyer 4" in out


def test_help_shows_an_example():
    assert "booking check sale.jsonl --explain" in CliRunner().invoke(command, ["--help"]).output
