"""A process that uses a lock: what it meets inside, where it stops, when it counts as waiting."""

from __future__ import annotations

from pathlib import Path

from booking.processes.lock_user import LockUse, LockUser
from tests.support.user_locks import Marker


def test_a_process_inside_is_met(tmp_path: Path) -> None:
    """Planted: another one is inside already; only the first round meets it."""
    count = tmp_path / "count"
    count.write_text("5")
    (tmp_path / "inside").touch()
    assert LockUse(Marker(tmp_path / "lock"), tmp_path).press(3, count) == 1
    assert count.read_text() == "8"


def test_a_survey_names_the_lines_and_the_changes(tmp_path: Path) -> None:
    """The marker is there before the line that follows its making."""
    survey = LockUse(Marker(tmp_path / "lock"), tmp_path).survey("acquire", 0.0)
    assert len(survey.changes) == 1
    assert all(":" in line for line in survey.lines)
    assert survey.lines[survey.changes[0]].startswith("tests/support/user_locks.py:")


def test_a_process_stops_before_a_line_and_goes_on(tmp_path: Path) -> None:
    """Before its first line nothing has happened; behind its last there is no stop."""
    with LockUser(Marker(tmp_path / "lock"), tmp_path) as user:
        assert user.stops(0, "acquire", 0.0) is not None
        assert not (tmp_path / "lock").exists()
        assert user.goes_on() is True
        assert (tmp_path / "lock").exists()
        assert user.stops(10_000, "release") is None
        user.process.result()
        assert not (tmp_path / "lock").exists()


def test_a_waiter_has_begun_to_wait(tmp_path: Path) -> None:
    """It has asked, and has no answer; it gets the lock once that is released."""
    lock = Marker(tmp_path / "lock")
    assert lock.acquire(0.0)
    with LockUser(lock, tmp_path) as user:
        user.waits()
        assert not user.process.answered()
        lock.release()
        assert user.process.result() is True
