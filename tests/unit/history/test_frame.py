"""The frame of a history: its first line and its last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from booking.history.frame import FrameError, end_of, sale_of
from booking.history.model import VERSION, History, SaleEnd, Wait, dump


def test_an_end_is_read_back_as_it_was_written() -> None:
    """Keys of processes become text in JSON; everything else comes back alike."""
    end = SaleEnd(
        harness_pid=7, started=3, opened_ns=5, crashed={"1": "died of SIGKILL"}, struck={0: 1},
        planned=[1], closed={2: None}, hung=[2], unlogged=[0, "clerk"], unanswered=["postgres"],
        let_in=["lock x: buyer 1 was let in while buyer 0 held it"],
        waits=[Wait(2, "acquire", "sale.lock", 1)],
        inventories={"stalls": 1}, remaining=4,
    )  # fmt: skip
    assert end_of(msgspec.json.decode(msgspec.json.encode(end))) == end


def test_every_key_of_the_last_line_is_written_unless_it_was_not_recorded(tmp_path: Path) -> None:
    """What a script reads is there although it is empty."""
    dump(History(3, 2, [], {}, SaleEnd(hung=[1])), tmp_path / "sale.jsonl")
    *_, line = (tmp_path / "sale.jsonl").read_text().splitlines()
    end = json.loads(line)["value"]
    assert (end["hung"], end["waits"]) == ([1], [])
    assert end["remaining"] == 2
    assert {"harness_pid", "started_ns", "opened_ns", "ended_ns", "clerks", "orphans"} <= set(end)
    assert not {"crashed", "inventories"} & set(end)


def test_missing_keys_are_no_fault() -> None:
    """Another tool's end may say nothing, or null."""
    assert end_of({}) == SaleEnd()
    assert end_of(dict.fromkeys(["hung", "waits", "inventories", "remaining"])) == SaleEnd()
    assert end_of({}).crashed is UNSET
    assert end_of({"crashed": {}}).crashed == {}


def test_the_dead_and_the_waits_may_be_lists() -> None:
    """Shorter forms, as other tools write them."""
    end = end_of({"crashed": [1, "clerk"], "waits": [[2, "sale.lock", 1]]})
    assert set(end.deaths) == {"1", "clerk"}
    assert end.waits == [Wait(2, None, "sale.lock", 1)]


@pytest.mark.parametrize(
    "value",
    [
        {"hung": 3},
        {"unlogged": 3},
        {"unanswered": "postgres"},
        {"let_in": "buyer 1"},
        {"waits": {}},
        {"waits": [3]},
        {"waits": [[1]]},
        {"crashed": "all"},
        {"inventories": []},
        {"remaining": "none"},
    ],
)
def test_a_field_of_the_wrong_type_is_named(value: dict[str, Any]) -> None:
    """The check would read it wrongly; so it is refused."""
    (name,) = value
    with pytest.raises(FrameError, match=name):
        end_of(value)


def test_a_field_that_is_only_reported_may_be_anything() -> None:
    """Another tool's `started` may be a date."""
    assert end_of({"started": "2026-11-01", "alive": 2}) == SaleEnd(alive=2)


@pytest.mark.parametrize(
    "value",
    [
        {"tickets": "3"},
        {"inventories": 3},
        {"numbers": 1},
        {"version": "1"},
        {"version": 0},
        {"version": None},
    ],
)
def test_a_sale_of_the_wrong_type_is_named(value: dict[str, Any]) -> None:
    """The same for the first line."""
    (name,) = value
    with pytest.raises(FrameError, match=name):
        sale_of(value)


def test_a_file_names_its_version_and_absent_means_1(tmp_path: Path) -> None:
    """The same constant serves the writer and the reader."""
    dump(History(3, 2), tmp_path / "sale.jsonl")
    first, _ = (tmp_path / "sale.jsonl").read_text().splitlines()
    assert json.loads(first)["value"] == {"version": VERSION, "tickets": 3}
    assert sale_of({"version": VERSION, "tickets": 3})
    assert sale_of({"tickets": 3})


def test_a_newer_version_is_refused_by_name() -> None:
    """What a newer booking wrote may mean something else."""
    with pytest.raises(FrameError) as refusal:
        sale_of({"version": VERSION + 1})
    assert str(refusal.value) == "version 2 of a history; this booking reads up to 1"
