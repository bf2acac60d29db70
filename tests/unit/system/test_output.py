"""The writer of outputs: whole or not at all, whatever interrupts it, and as the file was."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from booking.errors import UsageError
from booking.system import output
from booking.system.output import ensure_output, write_output, write_whole
from tests.conftest import ROOT

OLD, NEW = b"old\n", b"new\n"
STRANGER = 65534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "result"
    path.write_bytes(OLD)
    return path


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def in_child(work: Callable[[], object]) -> int:
    """Do the work in a fork; return how the fork ended."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Interrupted(BaseException):
    pass


def interrupted() -> Iterator[bytes]:
    yield NEW
    raise Interrupted


def killed() -> Iterator[bytes]:
    yield NEW
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_interrupted_output_leaves_what_was_there(file: Path) -> None:
    """Ctrl-C in the middle of it, or a defect."""
    with pytest.raises(Interrupted):
        write_whole(file, interrupted())
    assert (file.read_bytes(), names(file.parent)) == (OLD, ["result"])


def test_a_full_disk_leaves_what_was_there(file: Path) -> None:
    """A limit on the size of files is such a disk; the error is one line."""

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(UsageError, match=rf"^--csv {file}: file too large$"):
            write_output("--csv", file, [b"x" * 10_000] * 100)
        assert names(file.parent) == ["result"]

    assert in_child(work) == 0
    assert file.read_bytes() == OLD


def test_what_a_killed_process_left_is_removed_by_the_next_output(file: Path) -> None:
    """And what one is still writing is not: it holds a lock."""
    assert in_child(lambda: write_whole(file, killed())) == -signal.SIGKILL
    assert len(names(file.parent)) == 2

    def while_writing() -> Iterator[bytes]:
        yield NEW
        write_whole(file.with_name("another"), [NEW])

    write_whole(file, while_writing())
    assert names(file.parent) == ["another", "result"]
    assert file.read_bytes() == NEW


def test_a_file_of_the_users_with_a_like_name_stays(file: Path) -> None:
    """Only a name that this program makes is removed."""
    (file.parent / "result.partial").write_bytes(OLD)
    (file.parent / ".booking-2024.partial").write_bytes(OLD)
    write_whole(file, [NEW])
    assert names(file.parent) == [".booking-2024.partial", "result", "result.partial"]
    assert file.with_name("result.partial").read_bytes() == OLD


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_the_mode_is_kept_whatever_the_umask_says(file: Path, mode: int) -> None:
    """And no other user reads a private file on its way."""
    file.chmod(mode)
    before = os.umask(0o077)
    try:
        write_whole(file, [NEW])
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o7777 == mode


def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    """As a shell's redirection would make it."""
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "result", [NEW])
    finally:
        os.umask(before)
    assert (tmp_path / "result").stat().st_mode & 0o7777 == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_root_leaves_a_users_file_to_the_user(file: Path) -> None:
    """Owner and group are the user's after it, too."""
    os.chown(file, STRANGER, STRANGER)
    write_whole(file, [NEW])
    assert (file.stat().st_uid, file.stat().st_gid) == (STRANGER, STRANGER)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_a_link_of_another_user_in_a_shared_folder_is_refused(tmp_path: Path) -> None:
    """The kernel follows none, so that no user can aim another one's output at a file."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    precious = tmp_path / "precious"
    precious.write_bytes(OLD)
    link = shared / "result"
    link.symlink_to(precious)
    os.lchown(link, STRANGER, STRANGER)
    for use in (ensure_output, lambda option, path: write_output(option, path, [NEW])):
        with pytest.raises(UsageError, match="is another user's link in a shared folder"):
            use("--witness", link)
    assert precious.read_bytes() == OLD
    os.lchown(link, os.geteuid(), -1)
    write_whole(link, [NEW])
    assert precious.read_bytes() == NEW


def test_links_to_one_another_are_one_line(tmp_path: Path) -> None:
    """They lead nowhere."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="too many levels of symbolic links"):
        ensure_output("--history", tmp_path / "a")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_written_to_where_it_is(tmp_path: Path, name: str) -> None:
    """Redirected into a file, too: behind what is in it already, and the file stays that file."""
    script = f"""
from pathlib import Path
from booking.system.output import ensure_output, write_output
print("before")
ensure_output("--history", Path({name!r}))
write_output("--history", Path({name!r}), [b"history\\n"])
print("after")
"""
    out = tmp_path / "out"
    with out.open("wb") as stream:
        words = [sys.executable, "-c", script]
        subprocess.run(words, cwd=ROOT, stdout=stream, check=True)
        assert os.fstat(stream.fileno()).st_ino == out.stat().st_ino
    assert out.read_text() == "before\nhistory\nafter\n"
    assert names(tmp_path) == ["out"]


def test_a_closed_pipe_is_no_wrong_use() -> None:
    """It ends the program as a broken pipe does."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with pytest.raises(BrokenPipeError):
            write_output("--history", Path(f"/proc/self/fd/{writing}"), [NEW])
    finally:
        os.close(writing)


@pytest.mark.parametrize("path", ["/proc/self/history", "/sys/history", "/proc/self/fd/999999"])
def test_a_place_for_no_files_is_one_line(path: str) -> None:
    """The kernel's own folders refuse."""
    with pytest.raises(UsageError, match=rf"^--history {path}: [a-z ]+$"):
        write_output("--history", Path(path), [NEW])


def test_a_mounted_file_is_written_to(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container mounts single files: no rename can replace one."""
    monkeypatch.setattr(output, "is_mount_point", lambda path: path == str(file))
    before = file.stat().st_ino
    file.write_bytes(OLD * 10)
    write_whole(file, [NEW])
    assert (file.read_bytes(), file.stat().st_ino) == (NEW, before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_the_list_of_mounts_tells_a_mounted_file(tmp_path: Path) -> None:
    """In a name space of its own, which ends with its process."""
    mounted = tmp_path / "a file"
    mounted.write_bytes(OLD)
    (tmp_path / "source").write_bytes(OLD)
    script = f"""
from booking.system.output import is_mount_point
assert is_mount_point({str(mounted)!r})
assert not is_mount_point({str(tmp_path / "source")!r})
"""
    mount = f"mount --bind '{tmp_path}/source' '{mounted}' && exec {sys.executable} -c \"$0\""
    words = ["unshare", "--mount", "sh", "-c", mount, script]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    assert not stat.S_ISLNK(mounted.lstat().st_mode)
