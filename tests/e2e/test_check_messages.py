"""What `booking check --explain` prints, word for word, for some fifty small histories."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from booking.cli.check import command
from booking.history.model import History, dump
from tests.support.golden import FOLDER, golden
from tests.support.told_histories import Told, told

COLUMNS = 80
TOLD = told()
NEVER = re.compile(
    r"(?<!buyer )\b1 (tickets|were|are|searches|sales|times)\b|\bNone\b|\binf\b| $", re.MULTILINE
)


def output_of(case: Told, folder) -> str:
    """Return the history in short, and the command with its output."""
    history = case.history
    history.events = [replace(event, index=n) for n, event in enumerate(history.events, 1)]
    path = folder / "history.jsonl"
    dump(history, path)
    if not case.framed:
        path.write_text("".join(path.read_text().splitlines(keepends=True)[1:-1]))
    result = CliRunner().invoke(command, [str(path), "--explain", *case.flags])
    said = result.output or f"{type(result.exception).__name__}: {result.exception}\n"
    said = re.sub(r"\d+\.\d{3} s", "… s", said.replace(str(folder), "…"))
    code = getattr(result.exception, "exit_code", result.exit_code)
    typed = " ".join(["$ booking check history.jsonl --explain", *case.flags])
    short = in_short(history, framed=case.framed)
    return f"{short}\n{typed}\n{said}[exit code {code}]\n"


def in_short(history: History, *, framed: bool) -> str:
    """Return the events of a history, one a line, for the eyes."""
    rows = [
        f"{event.index:>3} {event.time:>4}  {event.process!s:<3} {event.type:<7}{event.f:<10}"
        + " ".join(
            f"{name}={value}"
            for name in ("value", "error", "quantity", "resource", "saw", "key", "intent")
            if (value := getattr(event, name)) not in {None, ""}
            and (name, value) != ("quantity", 1)
        )
        for event in history.events
    ]
    if framed:
        counts = history.sale.get("inventories", history.tickets)
        ended = history.end.inventories or history.remaining
        rows = [f"tickets: {counts}", *rows, f"remaining: {ended}"]
    return "".join(f"# {row}".rstrip() + "\n" for row in rows)


@pytest.mark.parametrize("name", TOLD)
def test_what_is_printed_is_what_was_read_by_hand(name, tmp_path):
    golden(f"check/{name}.txt", output_of(TOLD[name], tmp_path))


@pytest.mark.parametrize("name", TOLD)
def test_it_is_english_and_fits_the_terminal(name):
    text = (FOLDER / "check" / f"{name}.txt").read_text()
    said = text.split("\n$ ", 1)[1].split("\n", 1)[1]
    assert NEVER.search(said) is None, NEVER.search(said)
    assert max(map(len, said.splitlines())) <= COLUMNS


def test_no_golden_file_is_left_over():
    assert {path.stem for path in (FOLDER / "check").iterdir()} == set(TOLD)
