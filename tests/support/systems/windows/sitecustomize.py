"""Take away what Windows has not; `sys.platform` says so to each module imported after this one.

The standard library and the packages that ask for the system at their import are imported before:
on a real Windows they have what it takes, and here that cannot be had.
"""

import ctypes
import multiprocessing.connection
import multiprocessing.context
import multiprocessing.process
import multiprocessing.queues
import multiprocessing.synchronize
import multiprocessing.util
import os
import pathlib
import platform
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time

import click
import click._compat
import click.shell_completion
import click.termui
import msgspec
import pydantic
import rich.console

MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "syslog", "posix_ipc"}
MISSING = {
    os: [
        "fork", "forkpty", "register_at_fork", "geteuid", "getuid", "getegid", "getgid", "setuid",
        "setpgid", "getpgid", "getsid", "setsid", "killpg", "mkfifo", "fchown", "chown", "fchmod",
        "pread", "pwrite", "posix_fallocate", "posix_fadvise", "sched_yield", "sched_getaffinity",
        "uname", "sysconf", "getgrouplist", "getloadavg", "listxattr", "getxattr", "setxattr",
        "removexattr", "memfd_create", "eventfd", "pidfd_open", "O_NOFOLLOW", "O_NONBLOCK",
        "O_CLOEXEC", "O_DIRECTORY", "O_NOCTTY", "O_ASYNC", "WNOHANG", "statvfs",
    ],
    signal: [
        "SIGHUP", "SIGPIPE", "SIGALRM", "SIGKILL", "SIGSTOP", "SIGCONT", "SIGUSR1", "SIGUSR2",
        "SIGCHLD", "SIGURG", "setitimer", "getitimer", "alarm", "pthread_sigmask", "sigtimedwait",
        "sigwaitinfo", "SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK", "ITIMER_REAL", "pthread_kill",
    ],
    select: ["poll", "epoll"],
    time: ["clock_gettime_ns", "clock_gettime"],
}  # fmt: skip
platform.system()
sysconfig.get_config_vars()
_signal = sys.modules["_signal"]


class Refuser:
    """Refuse the modules that Windows has not."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Fail as where there is none."""
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


for name in MODULES:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Refuser())
sys.builtin_module_names = tuple(set(sys.builtin_module_names) - MODULES)
for module, names in MISSING.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
for name in MISSING[signal]:
    if hasattr(_signal, name):
        delattr(_signal, name)
pathlib.WindowsPath = pathlib.PosixPath  # of a real Windows: it cannot be had here
sys.platform, os.name = "win32", "nt"
USED = (
    ctypes, pathlib, shutil, subprocess, tempfile, click, msgspec, pydantic, rich, multiprocessing,
)  # fmt: skip
