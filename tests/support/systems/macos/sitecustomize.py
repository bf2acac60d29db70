"""Take away what Linux has and macOS has not, in each interpreter with this folder on its path.

`LACKS` names single calls instead of all, with commas. Programs that Python starts, such as ps(1),
keep everything.
"""

import ctypes
import errno
import fcntl
import os
import platform  # noqa: F401 - it asks for the system once, before that changes
import resource
import select
import shutil  # noqa: F401 - it asks what the functions of `os` can do
import signal
import sys
import sysconfig
import time

MISSING = {
    "posix_fallocate": (os, ["posix_fallocate", "posix_fadvise"]),
    "leases": (fcntl, ["F_SETLEASE", "F_GETLEASE"]),
    "F_SETSIG": (fcntl, ["F_SETSIG", "F_GETSIG"]),
    "OFD locks": (fcntl, ["F_OFD_SETLK", "F_OFD_SETLKW", "F_OFD_GETLK"]),
    "F_SETPIPE_SZ": (fcntl, ["F_SETPIPE_SZ", "F_GETPIPE_SZ"]),
    "xattr": (os, ["listxattr", "getxattr", "setxattr", "removexattr"]),
    "affinity": (os, ["sched_getaffinity", "sched_setaffinity"]),
    "descriptors": (os, ["memfd_create", "eventfd", "pidfd_open", "copy_file_range"]),
    "epoll": (select, ["epoll"]),
    "sigtimedwait": (signal, ["sigtimedwait", "sigwaitinfo", "pidfd_send_signal"]),
}
LIBRARY = {
    "renameat2": ["renameat2"],
    "prctl": ["prctl"],
    "inotify": ["inotify_init1", "inotify_add_watch", "inotify_rm_watch"],
    "unshare": ["unshare"],
}
PLACES = ("/proc", "/dev/shm", "/sys")
PROCESS_CLOCK = 1 << 30  # numbers of such clocks are negative

lacking = set(filter(None, os.environ.get("LACKS", "").split(",")))


def lacks(what: str) -> bool:
    """Return whether this system has no such call."""
    return not lacking or what in lacking


for what, (module, names) in MISSING.items():
    for name in names if lacks(what) else ():
        if hasattr(module, name):
            delattr(module, name)

hidden = {name for what, names in LIBRARY.items() if lacks(what) for name in names}
RealLibrary = ctypes.CDLL


class Library(RealLibrary):
    """The C library without those functions."""

    def __getattr__(self, name: str) -> object:
        """Fail as for a symbol that is not there."""
        if name in hidden:
            raise AttributeError(f"symbol not found: {name}")
        return super().__getattr__(name)


ctypes.CDLL = Library


def _refuse(path: object) -> None:
    if isinstance(path, int):
        return
    path = os.fsdecode(path)
    if any(path == one or path.startswith(f"{one}/") for one in PLACES):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _audit(event: str, arguments: tuple) -> None:
    if event in {"open", "os.listdir", "os.scandir", "os.mkdir"} and arguments:
        _refuse(arguments[0])


def _refusing(call):
    def refused(path, *rest, **more):
        _refuse(path)
        return call(path, *rest, **more)

    return refused


if lacks("/proc"):
    sys.addaudithook(_audit)
    for name in ("readlink", "stat", "lstat"):
        setattr(os, name, _refusing(getattr(os, name)))
    access = os.access
    os.access = lambda path, *rest, **more: (
        not str(path).startswith(PLACES) and access(path, *rest, **more)
    )
if lacks("CPU clocks"):
    clock_gettime_ns = time.clock_gettime_ns

    def _clock(number: int) -> int:
        if number < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return clock_gettime_ns(number)

    time.clock_gettime_ns = _clock
if lacks("setrlimit"):
    setrlimit = resource.setrlimit

    def _setrlimit(which, limits):
        if which == resource.RLIMIT_NOFILE and limits[0] == resource.RLIM_INFINITY:
            raise ValueError("current limit exceeds maximum limit")
        return setrlimit(which, limits)

    resource.setrlimit = _setrlimit
sysconfig.get_config_vars()  # asks for the system once, too
if not lacking:
    sys.platform = "darwin"
