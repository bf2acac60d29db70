"""The one shape of reports: lines break between words, and commands stay whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from booking.core.verdict import Outcome
from booking.report.terminal.console import console
from booking.report.terminal.layout import (
    TEXT_MAX,
    Command,
    Line,
    show_parts,
    show_verdict,
    table,
)
from booking.report.terminal.wrapping import cells, columns_of, wrapped

Capture = pytest.CaptureFixture[str]
COMMAND = "booking simulate --store json:a-folder/data.json --lock=flock"


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the terminal 60 columns wide."""
    monkeypatch.setenv("COLUMNS", "60")
    console.cache_clear()
    yield
    console.cache_clear()


def test_a_command_is_whole_wherever_it_has_room(capsys: Capture) -> None:
    """Behind its label, or near the edge; wider than the terminal, too."""
    show_parts([Command("again", "booking demo"), Command("cure", COMMAND, "lock it")])
    assert capsys.readouterr().out.splitlines() == [
        "",
        "  again     booking demo",
        "  cure      lock it",
        f"    {COMMAND}",
    ]


def test_a_strangers_text_is_one_row_without_its_middle(capsys: Capture) -> None:
    """Its line ends and escape sequences are written out; its beginning and its end stay."""
    show_parts([Line("why", f"first\n\x1b[2J {'x ' * TEXT_MAX} last")])
    out = capsys.readouterr().out
    assert "first\\n\\x1b[2J" in out
    assert out.endswith("last\n")
    assert len(out) < 2 * TEXT_MAX
    assert max(map(len, out.splitlines())) <= 60


@pytest.mark.parametrize(
    "names, shown",
    [
        (["oversell"], "✗ INVALID  oversell: 10 of 3 tickets sold"),
        (["oversell", "oversell"], "✗ INVALID  oversell: 10 of 3 tickets sold"),
        (
            ["oversell", "lost-update", "negative-stock"],
            "✗ INVALID  oversell and 2 more: 10 of 3 tickets sold",
        ),
        ([], "✗ INVALID  10 of 3 tickets sold"),
    ],
)  # fmt: skip
def test_a_verdict_names_as_many_anomalies_as_there_is_room_for(
    capsys: Capture, names: list[str], shown: str
) -> None:
    """In one line, and its numbers are always there."""
    show_verdict(Outcome.INVALID, names, "10 of 3 tickets sold")
    assert capsys.readouterr().out == f"{shown}\n"


@pytest.mark.parametrize(
    "text, lines",
    [
        ("one two three", ["> one two", "  three"]),
        ("a-word-that-is-too-wide end", ["> a-word-that-is-too-wide", "  end"]),
        ("two  spaces", ["> two", "  spaces"]),
        ("", [">"]),
        ("票票票 票票", ["> 票票票", "  票票"]),
    ],
)
def test_lines_break_at_spaces_only(text: str, lines: list[str]) -> None:
    """A word that is too wide has a line of its own; a wide character takes two columns."""
    assert wrapped(text, 10, "> ", "  ") == lines


def test_columns_are_those_of_the_terminal_shown() -> None:
    """Wide characters take two of them, combined ones none."""
    assert [line.plain for line in table([["票", "a"], ["xyz", "b"]])] == ["  票   a", "  xyz  b"]
    assert cells("e\u0301") == 1


@pytest.mark.parametrize("given, columns", [("60", 60), ("0", 80), ("x", 80), ("", 80)])
def test_the_environment_sets_the_width_where_it_names_one(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, given: str, columns: int
) -> None:
    """Output that is no terminal has 80 columns."""
    monkeypatch.setenv("COLUMNS", given)
    assert columns_of() == columns
