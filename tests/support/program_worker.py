"""A warm interpreter that runs the program for the tests: each command is a fork of it.

The fork has what a new interpreter has after its imports: no threads, no children, no open files
but the usual three. It ends as an interpreter ends, not by `os._exit`.

One JSON object a line on standard input: words, environment, folder, and where the output goes.
Two lines back: the fork's process id when it has begun, its exit code when it has ended.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import runpy
import sys
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import booking

DRIVERS = ["psycopg", "redis"]
LATE = ["multiprocessing.popen_fork", "multiprocessing.synchronize", "shlex", "sqlite3"]  # by need
LEFT_OUT = ("booking.__main__", "booking.testing")  # what runs, and what only tests import


def main() -> None:
    """Fork for each line; the fork returns into the program instead of the loop."""
    modules = [name for _, name, _ in walk_packages(booking.__path__, "booking.")]
    for name in [*modules, *DRIVERS, *LATE]:
        if not name.startswith(LEFT_OUT):
            import_module(name)
    gc.freeze()  # else each fork that ends walks all of it, which takes 0.2 s
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            become_program(json.loads(line))
            return
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def become_program(request: dict[str, Any]) -> None:
    """Take the caller's folder, environment and outputs, then run `python -m booking`."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    added = request["environment"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [request["folder"], *filter(None, added)]
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for fd, path, flags in (
        (0, os.devnull, os.O_RDONLY), (1, request["out"], write), (2, request["err"], write),
    ):  # fmt: skip
        opened = os.open(path, flags)
        os.dup2(opened, fd)
        os.close(opened)
    sys.argv = ["booking", *request["words"]]
    if "faults" in request:
        os.setsid()  # what is left behind is found by its session
        program = import_module("booking.__main__")
        ctypes.CDLL(None).faults_arm(request["faults"].encode())
        program.main()
        return
    runpy.run_module("booking", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
