"""The matrix as a table in the terminal, in Markdown and as a document."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from rich.console import Console

from booking.experiments.matrix import Column
from booking.report.matrix_files import markdown, matrix_document
from booking.report.terminal.console import console
from booking.report.terminal.matrix import _blocks, _table, show_matrix

WIDE = Console(width=1000).options  # no table is too wide for it


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
