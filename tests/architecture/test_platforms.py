"""Calls that only Linux has lie in one room, and the page of platforms names each of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs/reference/platforms.md"
ROOM = ROOT / "booking/system"
# A script of its own, which imports nothing of ours; and what only the tests call.
EXCEPT = {
    "instrument/tripwire.py": {"/proc"},  # a folder that only is read
    "testing/contracts/elsewhere.py": {"F_OFD_SETLK"},  # what it stands in for, by name
    "servers/supervisor.py": {"prctl", "unshare", "/proc"},
    "guards/common/mailbox.py": {"F_SETPIPE_SZ"},
}
CALLS = {
    "renameat2": r"\brenameat2\b",
    "F_SETLEASE": r"F_[SG]ETLEASE",
    "F_OFD_SETLK": r"F_OFD_",
    "F_SETSIG": r"F_SETSIG",
    "prctl": r"\bprctl\(",
    "unshare": r"\bunshare\(",
    "inotify": r"inotify_\w+\(",
    "/proc": r"""["'`]f?/proc\b|Path\(f?"/proc|root / "proc""",
    "/dev/shm": r'"/dev/shm',
    "posix_fallocate": r"posix_fallocate\(",
    "clock_getcpuclockid": r"clock_gettime_ns\(",
    "F_SETPIPE_SZ": r"F_SETPIPE_SZ",
    "pidfd_open": r"pidfd_open",
    "memfd_create": r"memfd_create",
    "epoll": r"select\.epoll",
    "sched_getaffinity": r"sched_[gs]etaffinity",
    "O_TMPFILE": r"O_TMPFILE",
    "MSG_NOSIGNAL": r"MSG_NOSIGNAL",
    "SO_PEERCRED": r"SO_PEERCRED",
    "abstract socket": r"""(bind|connect)\(["']\\0""",
    "eventfd": r"os\.eventfd",
    "sigtimedwait": r"signal\.sigtimedwait\(",
}


def code_of(path: Path) -> str:
    """Return a file without its comments and docstrings, which may name a call."""
    text = re.sub(r'""".*?"""', "", path.read_text(), flags=re.S)
    return re.sub(r"#.*", "", text)


@pytest.mark.parametrize("call", CALLS)
def test_a_call_of_linux_lies_in_one_room(call: str) -> None:
    """So that each has its fallback beside it, and a reader finds all of them."""
    for path in sorted((ROOT / "booking").rglob("*.py")):
        name = path.relative_to(ROOT / "booking").as_posix()
        if path.parent != ROOM and call not in EXCEPT.get(name, set()):
            assert not re.search(CALLS[call], code_of(path)), f"{name} calls {call}"


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_is_used_is_on_the_page(call: str) -> None:
    """With what takes its place."""
    used = [
        path for path in (ROOT / "booking").rglob("*.py") if re.search(CALLS[call], code_of(path))
    ]
    if used:
        assert f"`{call}" in PAGE.read_text(), call


def test_the_metadata_name_the_systems_of_the_page() -> None:
    """Linux and macOS; Windows only checks histories, so it is none of them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    systems = {one for one in project["classifiers"] if one.startswith("Operating System")}
    assert systems == {"Operating System :: POSIX :: Linux", "Operating System :: MacOS"}
