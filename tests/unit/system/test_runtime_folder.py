"""The runtime folder: private, or refused; which of several places it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from booking.errors import UsageError
from booking.system.runtime_folder import runtime_folder

STRANGER = 65534


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the temporary folder of a user without a session."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/dev/null")  # no folder: the session's is not asked for
    return tmp_path


def test_it_is_in_the_sessions_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that is the user's own, and private."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_folder() == tmp_path / "booking"
    assert (tmp_path / "booking").stat().st_mode & 0o7777 == 0o700
    assert runtime_folder() == tmp_path / "booking"


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_session_folder_that_others_may_enter_is_not_used(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """Nor is a link, a relative path, or a folder of another user: `sudo` may leave its name."""
    session = temporary / "session"
    session.mkdir()
    session.chmod(mode)
    (temporary / "link").symlink_to("session")
    for name in (str(session), str(temporary / "link"), "session", ""):
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        assert runtime_folder().name in {f"booking-{os.geteuid()}", "booking"}
        assert runtime_folder().parent != session


@pytest.mark.parametrize("what", ["link", "dangling", "file", "open", "stranger"])
def test_what_another_user_placed_at_its_name_is_refused(temporary: Path, what: str) -> None:
    """The temporary folder is open to all: one line says what to do, and nothing is changed."""
    folder = temporary / f"booking-{os.geteuid()}"
    if what in {"link", "dangling"}:
        folder.symlink_to("elsewhere")
        if what == "link":
            (temporary / "elsewhere").mkdir(0o700)
    elif what == "file":
        folder.touch()
    else:
        folder.mkdir()
        folder.chmod(0o755 if what == "open" else 0o700)
    if what == "stranger":
        if os.geteuid() != 0:
            pytest.skip("only root may give a folder away")
        os.chown(folder, STRANGER, STRANGER)
    before = folder.lstat()
    with pytest.raises(UsageError, match=r"is no private folder of yours.*set XDG_RUNTIME_DIR"):
        runtime_folder()
    assert (folder.lstat().st_mode, folder.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert what != "dangling" or not (temporary / "elsewhere").exists()


def test_a_temporary_folder_that_takes_none_is_one_line(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is kept there."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(temporary / "none"))
    with pytest.raises(
        UsageError, match=r"booking-\d+: no such file .*; locks of servers are kept"
    ):
        runtime_folder()
