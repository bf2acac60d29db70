"""The matrix says what runs show, and no more than that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import msgspec
import pytest
from rich.console import Console

from booking.cli.main import main
from booking.core.scenario import Scenario
from booking.core.verdict import AnomalyName, Outcome, Verdict
from booking.errors import UsageError
from booking.experiments import matrix
from booking.experiments.matrix import BOUND_95, BY_CRASH, ROWS, Cell, Column, Shown, fill
from booking.experiments.sale import Sale
from booking.report.terminal.matrix import (
    _blocks,
    _table,
    markdown,
    matrix_document,
    show_matrix,
    trials_for_all,
)
from booking.report.terminal.sale import console

Program = Callable[..., CompletedProcess[str]]
ABLE = "atomic cannot be carried by json, which can do: none, lock, queue, clerk"
WIDE = Console(width=1000).options  # no table is too wide for it


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Column]:
    folder = tmp_path_factory.mktemp("found")
    guards = ["none", "atomic", "compensate"]
    return {one.guard: one for one in fill(["sqlite"], guards, 3, folder)}


def test_no_guard_oversells_and_its_witness_is_a_file(columns: dict[str, Column]) -> None:
    """It can be replayed."""
    cell = columns["none"].cell(AnomalyName.OVERSELL)
    assert (cell.shown, cell.how) == (Shown.HAPPENS, "explored")
    assert cell.witness is not None
    assert cell.witness.exists()


def test_a_sound_guard_prevents_what_can_be_explored(columns: dict[str, Column]) -> None:
    """And nothing of what crashes and pauses do, however often it was tried."""
    for name in ROWS:
        cell = columns["atomic"].cell(name)
        wanted = Shown.NOT_PROVOKED if name in BY_CRASH else Shown.PREVENTED
        assert cell.shown is wanted, name


def test_compensate_does_not_oversell_and_lies(columns: dict[str, Column]) -> None:
    """Found by the exploration of two sizes."""
    shown = {name: columns["compensate"].cell(name).shown for name in ROWS}
    for name in ("phantom-sold-out", "undersell", "negative-stock"):
        assert shown[AnomalyName(name)] is Shown.HAPPENS, name
    assert shown[AnomalyName.OVERSELL] is Shown.NOT_PROVOKED


def test_zero_in_a_number_of_trials_is_printed_with_its_bound() -> None:
    """At most 3 in N with 95 % confidence, and never more than all."""
    assert Cell(Shown.NOT_PROVOKED, "judged", 60).rate_max == BOUND_95 / 60
    assert Cell(Shown.NOT_PROVOKED, "judged", 2).rate_max == 1
    assert Cell(Shown.PREVENTED, "explored", 60).rate_max is None


def test_what_was_not_explored_to_its_end_is_not_prevented() -> None:
    """Nor what was not found beside something else."""
    assert Column("s", "g", complete=False).cell(AnomalyName.OVERSELL).shown is Shown.NOT_PROVOKED
    found = {AnomalyName.UNDERSELL: ("explored", "", None)}
    column = Column("s", "g", found=found)
    assert column.cell(AnomalyName.OVERSELL).shown is Shown.NOT_PROVOKED


def test_it_is_written_for_documents_and_for_scripts(columns: dict[str, Column]) -> None:
    """One line a row; the document holds what the table shows."""
    lines = markdown(list(columns.values())).splitlines()
    assert lines[0] == "### sqlite"
    assert lines[2] == "| anomaly | none | atomic | compensate |"
    assert "≤ 100%" in next(line for line in lines if line.startswith("| stale-lock"))
    document = matrix_document(list(columns.values()))
    assert msgspec.json.encode(document)
    assert document["columns"][0]["cells"]["oversell"]["shown"] == "happens"


@pytest.mark.parametrize("room", [10, 40, 80, 120, 200])
def test_every_guard_is_in_one_block_that_fits(columns: dict[str, Column], room: int) -> None:
    """Unless a single one is too wide already."""
    names = ["none", "row-lock", "serializable", "compensate", "lease-fenced", "optimistic"]
    many = [replace(columns["none"], guard=name) for name in names * 2]
    blocks = _blocks(many, room)
    assert [column for block in blocks for column in block] == many
    assert all(_table("", block).__rich_measure__(console(), WIDE).maximum <= room
               for block in blocks if len(block) > 1)  # fmt: skip
    assert len(blocks) == {10: 12, 40: 7, 80: 2, 120: 2, 200: 1}[room]


def test_the_table_breaks_no_word(
    columns: dict[str, Column], capsys: pytest.CaptureFixture[str]
) -> None:
    """A name of two words stands on two lines, and zero in three sales says what it is worth."""
    show_matrix([replace(columns["none"], guard="lease-fenced"), columns["atomic"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["lease-"]
    assert lines[2].split() == ["fenced", "atomic"]
    assert lines[3].split() == ["oversell", "✗", "✓"]
    assert "≤100%" in next(line for line in lines if line.startswith("stale-lock"))


def test_the_command_prints_a_table_and_writes_the_evidence(
    program: Program, tmp_path: Path
) -> None:
    """As a user calls it."""
    done = program(
        "matrix", "--stores", "json", "--trials", "1", "--witnesses", "found", "--markdown", "m.md"
    )
    assert done.returncode == 0, done.stderr
    assert "oversell" in done.stdout
    assert "| anomaly | none | lock | queue | clerk |" in (tmp_path / "m.md").read_text()
    witness = tmp_path / "found" / "json-none-oversell.json"
    assert program("replay", str(witness)).returncode == 0


def test_what_cannot_be_shown_is_refused() -> None:
    """In one line, before anything runs."""
    with pytest.raises(UsageError, match="did you mean atomic"):
        fill(["json"], ["atomik"])
    with pytest.raises(UsageError, match="shared by no processes"):
        fill(["memory"])


def test_a_sale_that_was_not_decided_is_no_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero in twenty of which ten tried nothing would be worth less than it says."""
    undecided = Verdict(Outcome.UNKNOWN, "the planned fault never struck")
    real = matrix.run_sale

    def run(scenario: Scenario) -> Sale:
        sale = real(scenario)
        return replace(sale, verdict=undecided) if scenario.faults else sale

    monkeypatch.setattr(matrix, "run_sale", run)
    (column,) = fill(["sqlite"], ["atomic"], 3)
    assert (column.judged, column.undecided, column.untried) == (1, 2, 0)
    assert column.cell(AnomalyName.STALE_LOCK).rate_max == 1
    (column,) = fill(["sqlite"], ["atomic"], 1)
    assert (column.judged, column.untried) == (1, 2)
    assert trials_for_all([column]) == 3


def test_kills_and_pauses_strike_orders_and_the_clerk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, pauses first; a search is nobody's order."""
    planned: list[tuple[str, str, str]] = []
    real = matrix.run_sale

    def run(scenario: Scenario) -> Sale:
        planned.extend((one.kind, str(one.buyer), one.before) for one in scenario.faults)
        return real(scenario)

    monkeypatch.setattr(matrix, "run_sale", run)
    (column,) = fill(["sqlite"], ["clerk"], 11)
    assert planned[:2] == [("pause", "clerk", "write"), ("pause", "first", "send")]
    assert set(planned[2:]) == {
        ("kill", "clerk", "read"), ("kill", "clerk", "receive"), ("kill", "clerk", "send"),
        ("kill", "clerk", "write"), ("kill", "clerk", "acquire"), ("kill", "clerk", "release"),
        ("kill", "first", "send"), ("kill", "first", "receive"),
    }  # fmt: skip
    assert column.undecided == 0


@pytest.mark.parametrize(
    "words, said",
    [
        (("--stores", "json", "--guards", "atomic"), ABLE),
        (("--stores", "json", "--guards", "atomik"), "--guards: unknown guard"),
        (("--stores", ","), "--stores: names nothing"),
        (("--guards", ""), "--guards: names nothing"),
        (("--markdown", "nowhere/x.md"), "--markdown nowhere/x.md: no such folder"),
    ],
)
def test_what_gives_no_table_is_refused_before_anything_runs(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    """Each with what is wrong, and what would do."""
    monkeypatch.setattr("booking.experiments.matrix._column", lambda *_: pytest.fail("it ran"))
    assert main(["matrix", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_a_store_that_is_named_twice_has_one_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other guards that one of several stores cannot carry are left out."""
    monkeypatch.setattr(
        "booking.experiments.matrix._column", lambda store, guard, *_: Column(store, guard)
    )
    assert (
        main(["matrix", "--stores", "json,json,sqlite", "--guards", "none,atomic", "--json"]) == 0
    )
    columns = msgspec.json.decode(capsys.readouterr().out)["columns"]
    assert [(one["store"], one["guard"]) for one in columns] == [
        ("json", "none"),
        ("sqlite", "none"),
        ("sqlite", "atomic"),
    ]
