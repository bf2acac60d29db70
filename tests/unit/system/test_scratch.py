"""Scratch folders: removed with their process, swept after a kill, and no other folder is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from booking.errors import UsageError
from booking.system import scratch
from booking.system.scratch import (
    MARKER,
    NAME,
    claim_folder,
    is_claimed,
    remove_folder,
    scratch_folder,
    sweep,
)
from tests.conftest import ROOT

STRANGER = 65534
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
KEEP = """
import sys
from pathlib import Path
from booking.system.scratch import claim_folder
print(claim_folder(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@contextmanager
def claiming(parent: Path, *before: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Start a process that claims a folder until its input ends."""
    words = [*before, sys.executable, "-c", KEEP, str(parent)]
    process = subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def fill(folder: Path) -> None:
    (folder / "data" / "base").mkdir(parents=True)
    (folder / "data" / "base" / "1").write_text("x")
    (folder / "log").write_text("x")
    (folder / "link").symlink_to("/")


def test_a_folder_is_removed_with_all_that_is_in_it(tmp_path: Path) -> None:
    """But nothing that a link in it names."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    folder = claim_folder(tmp_path)
    fill(folder)
    (folder / "there").symlink_to(outside)
    assert NAME.fullmatch(folder.name)
    assert folder.stat().st_mode & 0o777 == 0o700
    remove_folder(folder)
    assert os.listdir(tmp_path) == ["outside"]
    assert (outside / "precious").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_folder_of_a_killed_process_is_swept_and_that_of_a_living_one_is_not(
    tmp_path: Path, number: int
) -> None:
    """The kernel tells them apart: the marker's lock ends with its process."""
    with claiming(tmp_path) as (process, folder):
        fill(folder)
        assert is_claimed(folder)
        sweep(tmp_path)
        assert (folder / "log").exists()
        process.send_signal(number)
        process.wait()
        assert is_claimed(folder) is False
        sweep(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_zombie_claims_nothing(tmp_path: Path) -> None:
    """It has its number still, and no files."""
    with claiming(tmp_path) as (process, folder):
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        os.kill(process.pid, 0)  # the number is taken
        sweep(tmp_path)
        assert not folder.exists()


def test_a_folder_is_judged_by_its_marker_and_not_by_the_number_in_its_name(
    tmp_path: Path,
) -> None:
    """Another container's process has a number that no process has here, or another one's."""
    with claiming(tmp_path) as (_, folder):
        elsewhere = folder.rename(tmp_path / f"booking-999999999-{'0' * 16}")
        sweep(tmp_path)
        assert elsewhere.exists()


def test_a_sale_in_another_pid_namespace_keeps_its_folder(tmp_path: Path) -> None:
    """Its process number means nothing here."""
    if subprocess.run(["unshare", "--pid", "--fork", "true"], check=False).returncode:
        pytest.skip("this system lets us make no pid namespace")
    with claiming(tmp_path, "unshare", "--pid", "--fork", "--kill-child") as (_, folder):
        number = int(folder.name.split("-")[1])
        assert number < 10  # one of the first there
        sweep(tmp_path)
        assert folder.exists()


def test_folders_of_other_programs_stay(tmp_path: Path) -> None:
    """Whatever their names: without our marker a folder with something in it is not ours."""
    names = ["booking-2024-invoices", "booking-1-", f"booking-999999999-{'a' * 16}", "booking-x"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("x")
    (tmp_path / "booking-2025-invoices").mkdir()  # empty
    (tmp_path / f"booking-7-{'b' * 16}").write_text("a file")
    (tmp_path / f"booking-8-{'b' * 16}").symlink_to("booking-x")
    before = sorted(os.listdir(tmp_path))
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "booking-2024-invoices" / "mine").exists()


@pytest.mark.parametrize("forge", ["link", "hard link", "pipe", "folder"])
def test_a_marker_that_no_process_of_ours_made_is_none(tmp_path: Path, forge: str) -> None:
    """A link to a file of ours, for example, that another user placed there."""
    ours = tmp_path / "ours"
    ours.write_text("")
    folder = tmp_path / f"booking-999999999-{'c' * 16}"
    folder.mkdir()
    (folder / "mine").write_text("x")
    marker = folder / MARKER
    {
        "link": lambda: marker.symlink_to(ours),
        "hard link": lambda: marker.hardlink_to(ours),
        "pipe": lambda: os.mkfifo(marker),
        "folder": marker.mkdir,
    }[forge]()
    sweep(tmp_path)
    assert is_claimed(folder) is None
    assert (folder / "mine").exists()


@ROOT_ONLY
def test_root_leaves_the_folders_of_users_alone(tmp_path: Path) -> None:
    """The marker must be the sweeper's own; a folder that a server was given has ours."""
    for name, owner in (("d", STRANGER), ("e", 0)):
        folder = tmp_path / f"booking-999999999-{name * 16}"
        folder.mkdir()
        (folder / MARKER).touch(0o600)
        os.chown(folder, STRANGER, STRANGER)
        os.chown(folder / MARKER, owner, owner)
    sweep(tmp_path)
    assert os.listdir(tmp_path) == [f"booking-999999999-{'d' * 16}"]


def killed_after(calls: int, work: Callable[[], object]) -> int:
    """Do the work in a fork that SIGKILL ends right before its n-th change of the file system."""
    pid = os.fork()
    if pid == 0:
        left = [calls]

        def hook(event: str, _args: object) -> None:
            if event in {"os.mkdir", "open", "os.remove", "os.rmdir", "fcntl.flock"}:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_kill_at_any_change_leaves_what_the_next_sweep_removes(tmp_path: Path) -> None:
    """While the folder is made, and while it is removed."""

    def use() -> None:
        folder = claim_folder(tmp_path)
        fill(folder)
        remove_folder(folder)

    ends = []
    for calls in range(40):
        ends.append(killed_after(calls, use))
        sweep(tmp_path)
        assert os.listdir(tmp_path) == [], calls
        if ends[-1] == 0:
            break
    assert ends[:8] == [-signal.SIGKILL] * 8
    assert ends[-1] == 0


def test_a_sweep_before_the_lock_makes_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweeper may come between the folder and its marker, and between marker and lock."""
    lock, made = scratch.try_lock, []

    def late(fd: int) -> bool:
        if len(made) < 2:
            made.append(fd)
            monkeypatch.setattr(scratch, "try_lock", lock)
            sweep(tmp_path)
            monkeypatch.setattr(scratch, "try_lock", late)
        return lock(fd)

    monkeypatch.setattr(scratch, "try_lock", late)
    folder = claim_folder(tmp_path)
    assert len(made) == 2
    assert os.listdir(tmp_path) == [folder.name]
    assert is_claimed(folder)
    remove_folder(folder)


def test_a_fork_leaves_its_parents_folder_alone(tmp_path: Path) -> None:
    """It inherits the claim, and ends before its parent, or after it."""
    folder = claim_folder(tmp_path)
    pid = os.fork()
    if pid == 0:
        remove_folder(folder)
        scratch._remove_all()
        os._exit(0)
    os.waitpid(pid, 0)
    assert is_claimed(folder)
    remove_folder(folder)


def test_an_exit_removes_what_a_block_did_not(tmp_path: Path) -> None:
    """Ctrl-C may come before a block begins."""
    script = f"""
from pathlib import Path
from booking.system.scratch import claim_folder
claim_folder(Path({str(tmp_path)!r}))
raise KeyboardInterrupt
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL, check=False)
    assert os.listdir(tmp_path) == []


def test_a_temporary_folder_that_takes_none_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which, and what to set."""
    monkeypatch.setattr(scratch.tempfile, "gettempdir", lambda: str(tmp_path / "none"))
    with (
        pytest.raises(UsageError, match=r"none: no such file .*: set TMPDIR to one"),
        scratch_folder(),
    ):
        pass
