"""Signals end a command once; clean-ups that they cut short are made up for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from booking.system.clean_up import CleanUp, settle_all
from booking.system.scratch import scratch_folder
from booking.system.signals import SignalWatch, Stopped


@pytest.fixture
def watch() -> object:
    made = SignalWatch()
    yield made
    made.close()


def test_only_the_first_signal_raises(watch: SignalWatch) -> None:
    """The second one finds the clean-up under way."""
    watch.begin()
    with pytest.raises(Stopped) as stopped:
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    assert (stopped.value.exit_code, watch.first) == (143, signal.SIGTERM)


def test_a_signal_before_the_command_is_raised_when_it_begins(watch: SignalWatch) -> None:
    """None is lost between the handlers and the block that catches."""
    signal.raise_signal(signal.SIGHUP)
    with pytest.raises(Stopped):
        watch.begin()


def test_a_quiet_watch_notes_a_signal(watch: SignalWatch) -> None:
    """The exit code is that of the signal, also where it came after the work."""
    watch.begin()
    watch.quiet()
    signal.raise_signal(signal.SIGINT)
    assert watch.first == signal.SIGINT


def test_a_clean_up_that_was_cut_short_is_made_up_for(tmp_path: Path) -> None:
    """A fork owes nothing, and what is settled is not due any more."""
    done: list[str] = []

    def interrupted() -> None:
        done.append("tried")
        if len(done) == 1:
            raise KeyboardInterrupt

    clean_up = CleanUp(interrupted)
    with pytest.raises(KeyboardInterrupt):
        clean_up.settle()
    CleanUp(lambda: done.append("later")).forget()
    settle_all()
    settle_all()
    assert done == ["tried", "tried"]


def test_a_folder_is_removed_wherever_a_signal_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: SignalWatch
) -> None:
    """Right after it was made, before any block knows of it; and in the middle of its removal."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    make = Path.mkdir

    def make_and_raise(self: Path, mode: int = 0o777) -> None:
        make(self, mode)
        signal.raise_signal(signal.SIGTERM)

    watch.begin()
    monkeypatch.setattr(Path, "mkdir", make_and_raise)
    with pytest.raises(Stopped), scratch_folder():
        raise AssertionError("not reached")
    settle_all()
    assert os.listdir(tmp_path) == []
