"""`booking check` reads other tools' histories: by name, by format, and never drops a thing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from booking.cli.check import command
from booking.errors import BookingError, HistoryError, UsageError
from tests.support.planted_histories import FOLDER

TAKES = """\
0\t:invoke\t:take\t1
1\t:invoke\t:read\tnil
0\t:ok\t:take\t1
1\t:ok\t:read\t2
:nemesis\t:info\t:start\tnil
2\t:invoke\t:cas\t[2 1]
2\t:info\t:cas\t:timed-out
"""
NAMES = ["--buy", "take", "--buy", "sell", "--observe", "read", "--tickets", "3"]
ECHOES = """\
{"process":0,"type":"invoke","f":"buy","value":1}
{"process":0,"type":"ok","f":"buy","value":1}
{"process":1,"type":"invoke","f":"buy","value":1}
{"process":1,"type":"ok","f":"buy","value":1}
"""
TWO = """\
{"process":0,"type":"invoke","f":"buy","key":"a"}
{"process":0,"type":"ok","f":"buy","key":"a"}
{"process":0,"type":"invoke","f":"buy","key":"b"}
{"process":0,"type":"ok","f":"buy","key":"b"}
"""


def run(path: Path | str, *flags: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, [str(path), *flags], input=stdin)


def judged(text: str, *flags: str) -> tuple[int, dict[str, Any]]:
    result = run("-", *flags, "--json", stdin=text)
    assert result.stdout, result.exception
    return result.exit_code, json.loads(result.stdout)


def refused(text: str, *flags: str) -> str:
    result = run("-", *flags, stdin=text)
    assert isinstance(result.exception, (HistoryError, UsageError)), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_a_log_of_jepsen_from_standard_input() -> None:
    """What was not judged is unknown and listed, until it is left out on purpose."""
    code, found = judged(TAKES, *NAMES)
    assert (code, found["verdict"], found["ignored"]) == (3, "unknown", {"cas": 1})
    code, found = judged(TAKES, *NAMES, "--ignore", "cas")
    assert (code, found["verdict"], found["ignored"]) == (0, "valid", {})
    assert found["notes"] == ["left out, as --ignore says: cas (1)"]


def test_evidence_is_quoted_from_a_stream_as_it_was_written() -> None:
    """Names and values are the file's."""
    code, found = judged(TAKES.replace("read\t2", "read\t1"), *NAMES, "--ignore", "cas")
    assert code == 1
    assert {event["f"] for event in found["anomalies"][0]["witness"]} <= {"take", "read"}


def test_a_ticket_that_was_sold_twice_is_no_pass_where_numbers_were_asked_for() -> None:
    """It was VALID: each answer repeats its order."""
    assert judged(ECHOES, "--tickets", "3")[0] == 0
    for numbers in ("before", "after", "seat"):
        code, found = judged(ECHOES, "--tickets", "3", "--numbers", numbers)
        assert code == 3
        assert "--numbers none" in found["reason"]
    assert judged(ECHOES, "--tickets", "1", "--numbers", "before")[0] == 1


@pytest.mark.parametrize("flags, said", [
    (["--buy", "x", "--observe", "x"], "--observe x: --buy names the same operations"),
    (["--refund", "x", "--ignore", "x"], "--refund x: --ignore names the same operations"),
])  # fmt: skip
def test_a_name_means_one_thing(flags: list[str], said: str) -> None:
    """Or the last one would win silently."""
    assert said in refused(ECHOES, "--tickets", "3", *flags)


def test_a_default_name_gives_way_to_what_the_user_says() -> None:
    """`search` may be a purchase there, and `buy` may be left out."""
    text = ECHOES.replace('"buy"', '"search"')
    assert judged(text, "--tickets", "1", "--buy", "search")[0] == 1
    assert "nothing to check" in refused(ECHOES, "--tickets", "3", "--ignore", "buy")


def test_one_count_cannot_be_that_of_several_inventories() -> None:
    """It was dropped."""
    assert "the history has 2" in refused(TWO, "--tickets", "2", "--remaining", "1")
    assert judged(TWO, "--tickets", "2")[0] == 0


@pytest.mark.parametrize("flag, count", [("--tickets", "7"), ("--remaining", "7")])
def test_a_count_that_disagrees_with_the_recorded_one_is_refused(flag: str, count: str) -> None:
    """Both are named."""
    text = (FOLDER / "valid.jsonl").read_text()
    said = refused(text, flag, count)
    assert said.startswith(f"{flag} 7 disagrees with the history, which records ")


@pytest.mark.parametrize("name", ["h.edn", "h.jsonl", "h.txt", "-"])
@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_history_is_one_clear_line(tmp_path: Path, name: str, text: str) -> None:
    """Whatever it is called."""
    path = Path(name) if name == "-" else tmp_path / name
    if name != "-":
        path.write_text(text)
    result = run(path, "--tickets", "1", stdin=text)
    assert str(result.exception).endswith(": it is empty: nothing to check")


def test_indexes_that_two_events_share_are_refused_whatever_the_events_are() -> None:
    """A completion, a refused order and a refund count, too; so does an index below 0."""
    rows = [json.loads(line) for line in TWO.replace('"key":"a"', '"key":"b"').splitlines()]
    for other in (0, 2):
        for at, row in enumerate(rows):
            row["index"] = at
        rows[3]["index"] = other
        text = "\n".join(map(json.dumps, rows))
        assert "index of another one" in refused(text, "--tickets", "3")
    rows[3]["index"] = -4
    assert "index -4" in refused("\n".join(map(json.dumps, rows)), "--tickets", "3")


def test_a_search_without_a_count_and_lines_without_names_show_in_the_text() -> None:
    """The terminal says what is missing, too."""
    text = ECHOES + '{"process":7,"type":"info","f":"note"}\n'
    assert "note (1)" in run("-", "--tickets", "3", stdin=text).output


ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**63, 2**70, 1.5, "", "x", "1", [], [1], [[1], None], [1, 2],
    {}, {"a": 1}, [None, None],
]  # fmt: skip
FLAGS = [
    [], ["--keyed"], ["--numbers", "seat"], ["--numbers", "after"], ["--numbers", "none"],
    ["--counting", "up"], ["--observe", "buy", "--buy", "search"], ["--ignore", "search"],
    ["--keyed", "--numbers", "seat", "--counting", "up"],
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_damaged_values_are_judged_or_refused_in_one_line(seed: int) -> None:
    """Never a traceback, and never a defect of the check in the reason."""
    rng = random.Random(seed)
    codes = set()
    for _ in range(150):
        path = rng.choice(["valid.jsonl", "oversell.jsonl", "several-inventories.jsonl"])
        rows = [json.loads(line) for line in (FOLDER / path).read_text().splitlines()]
        for _ in range(rng.randint(1, 3)):
            row = rng.choice(rows)
            row[rng.choice([*row, "value", "key", "error", "quantity"])] = rng.choice(ODD)
        if rng.random() < 0.2:
            rows.insert(rng.randrange(len(rows)), rng.choice(rows))
        flags = [*rng.choice(FLAGS), *rng.choice([[], ["--tickets", "3"]])]
        result = run("-", *flags, stdin="\n".join(map(json.dumps, rows)) + "\n")
        error = result.exception
        assert error is None or isinstance(error, (BookingError, SystemExit)), (rows, flags, error)
        assert "crashed" not in result.output, (rows, flags, result.output)
        assert "\n" not in str(error)
        codes.add(error.exit_code if isinstance(error, BookingError) else result.exit_code)
    assert {0, 1, 2} <= codes
