"""The matrix as a table in the terminal, in Markdown and as a document."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from booking.experiments.matrix import Column
from booking.report.matrix_files import markdown, matrix_document
from booking.report.terminal.console import console
from booking.report.terminal.matrix import _blocks, _table, show_matrix
from tests.support.golden import golden
from tests.support.screens import WIDTHS, screen


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
    assert all(
        len(line.plain) <= room for block in blocks if len(block) > 1 for line in _table(block)
    )
    assert len(blocks) == {10: 12, 40: 10, 80: 3, 120: 2, 200: 1}[room]


@pytest.mark.parametrize("width", WIDTHS)
def test_it_reads_well(
    columns: dict[str, Column],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
) -> None:
    """Which guards let an anomaly happen; names stay whole; the commands that show more."""
    monkeypatch.setenv("COLUMNS", str(width))
    columns = {name: in_folder(column) for name, column in columns.items()}
    fenced = replace(columns["atomic"], guard="lease-fenced", untried=2)
    missing = Column("redis", "atomic", left_out="no Redis or Valkey was found", code=2)
    shown = [columns["none"], fenced, columns["compensate"], *[columns["atomic"]] * 4, missing]
    console.cache_clear()
    show_matrix(shown, lambda **more: f"booking matrix {more or ''}".rstrip())
    console.cache_clear()
    golden(screen("matrix", width), capsys.readouterr().out)


def in_folder(column: Column) -> Column:
    """Return a column whose evidence lies in a folder of a short name."""
    found = {
        name: replace(evidence, path=evidence.path and Path("found") / evidence.path.name)
        for name, evidence in column.found.items()
    }
    return replace(column, found=found)


@pytest.mark.parametrize("guard, said", [("atomic", "✓ NONE HAPPENS  "), ("none", "✗ HAPPENS  ")])
def test_the_first_line_tells_whether_an_anomaly_happens(
    columns: dict[str, Column], capsys: pytest.CaptureFixture[str], guard: str, said: str
) -> None:
    """With the guards that let it happen."""
    show_matrix([replace(columns[guard], folder=None)], lambda **_more: "booking matrix")
    assert capsys.readouterr().out.startswith(said)
