"""The progress display: on a terminal, after a while, without threads, and gone at the end."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from booking.report.terminal import progress as progress_module
from booking.report.terminal.progress import progress


class Terminal(io.StringIO):
    """A terminal that remembers what is printed on it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        monkeypatch.setattr(sys, "stderr", self)
        monkeypatch.setattr(progress_module, "PATIENCE_S", 0.0)
        monkeypatch.setattr(progress_module, "REDRAWN_EVERY_S", 0.0)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "100")

    def isatty(self) -> bool:
        return True


def test_counted_work_shows_how_much_is_done_and_is_cleared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No thread draws it: one could hold a lock when buyers are forked."""
    terminal, threads = Terminal(monkeypatch), threading.active_count()
    with progress() as display:
        display.update("selling [1/2]", 3, 7)
        assert threading.active_count() == threads
        assert "3/7" in terminal.getvalue()
        assert "selling [1/2]" in terminal.getvalue()  # no markup
        drawn = len(terminal.getvalue())
    assert terminal.getvalue()[drawn:].endswith("\x1b[2K")  # erases the line


def test_work_of_unknown_amount_shows_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    with progress() as display:
        display.update("12 states, 3 executions")
    assert "12 states, 3 executions" in terminal.getvalue()
    assert "/" not in terminal.getvalue()


def test_prints_go_where_they_went_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user's store may print while it is sold from."""
    terminal = Terminal(monkeypatch)
    with progress() as display:
        display.update("selling", 1, 2)
        print("printed")
    assert capsys.readouterr().out == "printed\n"
    assert "printed" not in terminal.getvalue()


@pytest.mark.parametrize("reason", ["early", "quiet", "no terminal"])
def test_nothing_is_shown(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    """Before it is due, where the caller wants none, and where no person looks."""
    terminal = Terminal(monkeypatch)
    if reason == "early":
        monkeypatch.setattr(progress_module, "PATIENCE_S", 60.0)
    if reason == "no terminal":
        monkeypatch.setattr(terminal, "isatty", lambda: False)
    with progress(quiet=reason == "quiet") as display:
        display.update("selling", 1, 2)
    assert terminal.getvalue() == ""
