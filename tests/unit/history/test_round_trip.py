"""What our writer writes, our reader reads back: every field, every key, every time."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking.checker import Columns, Naming, check, decide
from booking.errors import HistoryError
from booking.history import read
from booking.history.frame import end_of
from booking.history.model import Event, History, SaleEnd, dump, frame

TEXT = st.text(max_size=8)
SMALL = st.integers(-(2**63), 2**63 - 1)
TIMES = st.integers(-3, 3) | st.integers(-(2**70), 2**70)
NAMES = SMALL | TEXT
VALUES = st.none() | st.booleans() | SMALL | TEXT | st.lists(SMALL, max_size=3)

EVENTS = st.builds(
    Event,
    index=st.integers(0, 2**40), process=NAMES,
    type=st.sampled_from(["invoke", "ok", "fail", "info", "step"]),
    f=st.sampled_from(["buy", "search", "refund", "read"]), value=VALUES, time=TIMES,
    error=st.none() | TEXT, quantity=SMALL, resource=st.none() | TEXT, saw=st.none() | SMALL,
    pid=st.none() | SMALL, ppid=st.none() | SMALL, key=st.none() | NAMES,
    intent=st.none() | NAMES,
)  # fmt: skip
SALES = st.fixed_dictionaries(
    {}, optional={"numbers": st.sampled_from(["before", "after", "seat", "none"]), "seed": SMALL}
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(events=st.lists(EVENTS, max_size=6), tickets=st.none() | SMALL, left=st.none() | SMALL,
       sale=SALES, counts=st.dictionaries(TEXT, SMALL, max_size=3))  # fmt: skip
def test_a_history_is_read_back_as_it_was_written(
    tmp_path: Path, events: Any, tickets: Any, left: Any, sale: Any, counts: Any
) -> None:
    """Events alike in every field, and the frame around them."""
    history = History(tickets, left, events, sale, SaleEnd(hung=[1], inventories=counts))
    path = tmp_path / "sale.jsonl"
    dump(history, path)
    *back, end = [event for chunk in read(path, format="jsonl").chunks() for event in chunk]
    first, *_, last = frame(history)
    assert list(map(msgspec.structs.asdict, back[1:])) == list(map(msgspec.structs.asdict, events))
    assert (back[0].value, back[0].time) == (first.value, first.time)
    assert end_of(end.value) == msgspec.structs.replace(history.end, remaining=left)
    assert (end.index, end.time) == (len(events) + 1, last.time)


@pytest.mark.parametrize("start", [-20, -10, -5, 0, 5])
def test_times_may_pass_through_0(tmp_path: Path, start: int) -> None:
    """A time of 0 was left out, and the file refused or read in the order of its lines."""
    rows = [
        ("invoke", "buy", None),
        ("ok", "buy", 2),
        ("invoke", "search", None),
        ("ok", "search", 1),
    ]
    events = [
        Event(at, (at - 1) // 2, kind, f, value, start + 5 * at)
        for at, (kind, f, value) in enumerate(rows, 1)
    ]
    history = History(2, 1, events)
    path = tmp_path / "sale.jsonl"
    dump(history, path)
    assert all('"time":' in line for line in path.read_text().splitlines())
    columns = Columns()
    for chunk in read(path).chunks():
        columns.feed(chunk)
    columns.close()
    assert decide(columns).verdict == check(history)
    assert columns.inventories[None].searches.invoked == [start + 15]


LINES = """\
{"process":"harness","type":"info","f":"sale","value":{"tickets":3}}
{"index":1,"process":1,"type":"invoke","f":"buy","time":10}
{"index":2,"process":2,"type":"invoke","f":"buy","time":11}
{"index":3,"process":1,"type":"ok","f":"buy","value":2,"time":12}
{"process":"nemesis","type":"info","f":"kill"}
{"index":4,"process":2,"type":"ok","f":"buy","value":3,"time":13}
{"process":"harness","type":"info","f":"end","value":{"remaining":1}}
"""


def written(tmp_path: Path, text: str | bytes, name: str = "sale.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def events_in(path: Path, **how: Any) -> list[Event]:
    return [event for chunk in read(path, **how).chunks() for event in chunk]


def refusal(path: Path, **how: Any) -> str:
    with pytest.raises(HistoryError) as refused:
        events_in(path, **how)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def judged(path: Path, naming: Naming | None = None, **how: Any) -> Columns:
    columns = Columns(naming)
    for chunk in read(path, **how).chunks():
        columns.feed(chunk)
    columns.close()
    return columns


EDN = """\
{:process :harness :type :info :f :sale :value {:tickets 3}}
{:index 1 :process 1 :type :invoke :f :buy :time 10}
{:index 2 :process 2 :type :invoke :f :buy :time 11}
{:index 3 :process 1 :type :ok :f :buy :value 2 :time 12}
{:process :nemesis :type :info :f :kill}
{:index 4 :process 2 :type :ok :f :buy :value 3 :time 13}
{:process :harness :type :info :f :end :value {:remaining 1}}
"""


@pytest.mark.parametrize(
    "text", [LINES, LINES.replace("\n", "\n\n"), EDN], ids=["json", "blank", "edn"]
)
def test_a_frame_without_times_decides_nothing(tmp_path: Path, text: str) -> None:
    """The sales overlap by their times, and do not by their lines: INVALID before."""
    columns = judged(written(tmp_path, text))
    assert columns.inventories[None].sold.invoked == [10, 11]
    assert decide(columns).verdict.outcome == "valid"
    assert columns.end_index is None


@pytest.mark.parametrize("field", ["time", "index"])
@pytest.mark.parametrize("missing", ["", ',"{}":null'])
@pytest.mark.parametrize("line", [2, 3, 4, 6])
def test_what_some_operations_have_and_some_lack_is_refused(
    tmp_path: Path, field: str, missing: str, line: int
) -> None:
    """The line that differs from the ones before it is named; null is missing."""
    rows = [msgspec.json.decode(row) for row in LINES.splitlines()]
    rows[line - 1].pop(field)
    if missing:
        rows[line - 1][field] = None
    text = "\n".join(msgspec.json.encode(row).decode() for row in rows) + "\n"
    said = refusal(written(tmp_path, text))
    assert f"line {3 if line == 2 else line}: there is" in said
    assert f"`{field}`" in said


def test_where_all_operations_lack_times_the_lines_are_times(tmp_path: Path) -> None:
    """Whatever the frame has."""
    text = LINES.replace('"time"', '"at"').replace('"tickets":3}', '"tickets":3},"time":99')
    events = events_in(written(tmp_path, text))
    assert [event.time for event in events[1:]] == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("size", [3, 50, 1 << 20])
def test_blocks_of_any_size_are_read_alike(tmp_path: Path, size: int, monkeypatch: Any) -> None:
    """A block may hold half a line, or only the frame."""
    monkeypatch.setattr("booking.history.source.CHUNK_BYTES", size)
    path = written(tmp_path, LINES)
    assert [event.time for event in events_in(path)] == [0, 10, 11, 12, 12, 13, 13]
    path = written(tmp_path, b"\xef\xbb\xbf" + LINES.encode())
    assert len(events_in(path)) == 7


def test_events_are_returned_as_they_are_written(tmp_path: Path) -> None:
    """Keyed values and errors of any kind stay as they are; a stream is read again, too."""
    text = (
        '{"process":1,"type":"invoke","f":"add","value":["a",[1]]}\n'
        '{"process":1,"type":"fail","f":"add","value":["a",1],"error":["odd",7]}\n'
    )
    reader = read(written(tmp_path, text), keyed=True)
    assert [event.key for chunk in reader.chunks() for event in chunk] == ["a", "a"]
    found = reader.events_at({2, 9})
    assert (found[2].value, found[2].error, len(found)) == (["a", 1], ["odd", 7], 1)
    assert reader.events_at(set()) == {}


def test_standard_input_is_read_as_often_as_needed(monkeypatch: Any) -> None:
    """Evidence is quoted from it after the verdict."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LINES.encode())))
    reader = read(Path("-"))
    assert len([event for chunk in reader.chunks() for event in chunk]) == 7
    assert reader.events_at({3})[3].value == 2
    assert reader.name == "standard input"
    reader.source.close()


LOGS = {
    "old": "INFO  jepsen.util - {}",
    "2018": "INFO [2018-06-07 11:48:13,013] jepsen worker 0 - jepsen.util {}",
    "new": "2025-01-20 12:08:03,850{{GMT}}\tINFO\t[jepsen worker 0] jepsen.util: {}",
    "history.txt": "{}",
}
LOGGED = [
    "0\t:invoke\t:add\t1", "1\t:invoke\t:read\tnil", "0\t:ok\t:add\t[1 1]",
    ":nemesis\t:info\t:start\t[:isolated {\"n1\" #{}}]", "1\t:ok\t:read\t0",
    "2\t:invoke\t:add\t1", "2\t:info\t:add\t1\tConnection reset: by peer",
    "3\t:invoke\t:read\tnil", "3\t:fail\t:read\t:timed-out", "4\t:invoke\t:read\tnil",
    "4\t:fail\t:read\tnil\t[:refused \"no\"]",
]  # fmt: skip


@pytest.mark.parametrize("prefix", LOGS)
@pytest.mark.parametrize("tab", ["\t", "    "])
def test_jepsens_log_is_read_whatever_stands_before_an_operation(
    tmp_path: Path, prefix: str, tab: str
) -> None:
    """Each version of Jepsen writes another prefix; a page may have spaces for tabs."""
    chatter = "INFO [2018-06-07] jepsen test runner - jepsen.core Everything looks good! 5 :ok\n"
    lines = [LOGS[prefix].format(row.replace("\t", tab)) + "\n" for row in LOGGED]
    path = written(tmp_path, chatter + "".join(lines), "jepsen.log")
    events = events_in(path)
    assert [event.process for event in events] == [0, 1, 0, "nemesis", 1, 2, 2, 3, 3, 4, 4]
    assert [event.time for event in events] == [*range(2, 13)]
    assert events[2].value == [1, 1]
    if tab == "\t":
        assert events[6].error == "Connection reset: by peer"
        assert events[10].error == ["refused", "no"]
    assert events[8].value == "timed-out"


def test_a_log_that_is_cut_off_is_judged_up_to_there(tmp_path: Path) -> None:
    """A count may lack its last digits: `1` of `12` is no answer."""
    reader = read(written(tmp_path, "0\t:invoke\t:read\tnil\n0\t:ok\t:read\t1", "history.txt"))
    assert [event.type for chunk in reader.chunks() for event in chunk] == ["invoke"]
    assert "cut off in line 2" in reader.notes[0]


@pytest.mark.parametrize("row", ["0\t:ok\t:read\t[1", "0\t:ok\t:read\t1 2 3", "x\t:ok\t:read\t1"])
def test_a_line_of_a_log_that_is_nearly_an_operation_is_refused(tmp_path: Path, row: str) -> None:
    """It would be dropped without a word."""
    assert "line 2" in refusal(written(tmp_path, f"0\t:invoke\t:read\tnil\n{row}\n"))


@pytest.mark.parametrize("name, text, first", [
    ("h.txt", EDN, "harness"), ("h.log", LINES, "harness"), ("h.edn", LOGGED[0] + "\n", 0),
    ("h", "[" + EDN + "]", "harness"), ("h", "; a comment\n" + EDN, "harness"),
    ("h", "#jepsen.history.Op" + EDN, "harness"), ("h.jsonl", "\n \n" + EDN, "harness"),
])  # fmt: skip
def test_the_format_is_found_by_the_content(
    tmp_path: Path, name: str, text: str, first: Any
) -> None:
    """Whatever the file is called."""
    assert events_in(written(tmp_path, text, name))[0].process == first


@pytest.mark.parametrize("text, said", [
    ("process,type\n0,invoke\n", "line 1: 'process,type' is no event in JSON, EDN or a log"),
    ('\n[{"process": 0}]\n', "one JSON array; write one event a line"),
    (b"\x1f\x8b\x08\x00", "it is compressed"),
    ("<html>", "--format says which it is"),
])  # fmt: skip
def test_what_has_no_format_is_refused_with_advice(tmp_path: Path, text: Any, said: str) -> None:
    """One line: what it is not, and what to do."""
    assert said in refusal(written(tmp_path, text))


def test_a_format_that_is_given_is_taken(tmp_path: Path) -> None:
    """And its reader names what is wrong with the line."""
    path = written(tmp_path, LINES)
    assert "not JSON" in refusal(written(tmp_path, "a\n"), format="jsonl")
    assert "line 1" in refusal(path, format="edn")
    assert events_in(path, format="jepsen-log") == []


PAIRS = """\
{"process":1,"type":"invoke","f":"read","value":[%s,null]}
{"process":1,"type":"ok","f":"read","value":[%s,3]}
"""
READS = Naming(observe=("read",), keyed=True)


@pytest.mark.parametrize("key, expected", [
    ("1", 1), ('"1"', "1"), ("true", "true"), ("[1]", "[1]"), ("1.0", "1.0"),
    ('{"b":1,"a":2}', '{"a": 2, "b": 1}'),
])  # fmt: skip
def test_any_value_is_a_key(tmp_path: Path, key: str, expected: Any) -> None:
    """A key of brackets was a defect (exit code 70), and true was the inventory 1."""
    columns = judged(written(tmp_path, PAIRS % (key, key)), READS, keyed=True)
    assert list(columns.inventories) == [expected]
    assert columns.inventories[expected].searches.value == [3]


@pytest.mark.parametrize("text, said", [
    (PAIRS % ("null", "null"), "has no key"),
    ((PAIRS % ("1", "1")).replace("[1,null]", "[1]"), "has no key"),
    ((PAIRS % ("1", "1")).replace("[1,null]", "null"), "has no key"),
    (PAIRS % ("1", "2"), "line 2: answers for the key 2, asked was 1"),
])  # fmt: skip
def test_a_torn_key_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """The operation would be counted for an inventory that there is not."""
    with pytest.raises(HistoryError, match=said):
        judged(written(tmp_path, text), READS, keyed=True)


def test_keys_of_what_is_not_judged_are_no_matter(tmp_path: Path) -> None:
    """Nor is the nemesis asked for one."""
    other = (
        '{"process":"nemesis","type":"info","f":"kill"}\n{"process":2,"type":"invoke","f":"x"}\n'
    )
    columns = judged(written(tmp_path, other + PAIRS % ("1", "1")), READS, keyed=True)
    assert (list(columns.inventories), columns.ignored) == ([1], {"x": 1})


def test_a_very_long_line_takes_time_in_proportion(tmp_path: Path, monkeypatch: Any) -> None:
    """Blocks are joined once: each was copied for every block that followed it."""
    monkeypatch.setattr("booking.history.source.CHUNK_BYTES", 1 << 10)
    line = '{"process":1,"type":"invoke","f":"buy","value":"%s"}\n' % ("x" * 3_000_000)
    assert len(events_in(written(tmp_path, line))) == 1
