"""The program: `python -m booking`, and the console script.

The handlers of signals come first, because most of a start is imports. The exit comes without
the interpreter's last work: Python would take its handlers back, and a late signal would find none.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` takes a while; no stub has it
import atexit
import os
import sys

PIPE = 13
ENDING = {1: "the terminal was closed", 2: "interrupted", 15: "terminated"}  # HUP, INT, TERM
SHELL = 128  # a shell adds it to the number of a signal
_codes: list[int] = []  # the exit code, once there is one


def main() -> None:
    """Run the program; open the null device in place of each standard stream that is closed."""
    for number in ENDING if os.name == "posix" else ():
        if _signal.getsignal(number) != _signal.SIG_IGN:  # of nohup, or of `&` in a script
            _signal.signal(number, _leave)
    if hasattr(_signal, "pthread_sigmask"):  # kept for the command, which tells its kinds
        _signal.pthread_sigmask(_signal.SIG_BLOCK, {PIPE})
    atexit.register(_end)  # registered first, it is called last
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: the closed stream's
            setattr(sys, name, os.fdopen(fd, mode))
    _codes.append(_run())
    sys.exit(_codes[0])


def _run() -> int:
    """Run the command; first name another project whose files lie among ours."""
    from booking.system.distribution import is_overwritten, problem

    if line := problem():
        os.write(2, f"booking: {line}\n".encode())
        if is_overwritten():
            return 2  # what comes next would be an error of an import
    from booking.cli.main import main as run

    return run()


def _leave(number: int, _frame: object) -> None:
    """End at once: before the command and after it there is nothing to clean up."""
    if _codes and _codes[0] > SHELL:
        os._exit(_codes[0])  # a signal ended the command, and its line is printed
    try:
        os.write(2, f"booking: {ENDING[number]}\n".encode())
    finally:
        os._exit(SHELL + number)


def _end() -> None:
    """End after all other exit handlers, where the command itself has ended."""
    if not _codes:
        return
    from booking.system.signals import sent_pipe

    # Imported before this program, as in a fork, `multiprocessing` would have its turn behind us.
    finish = getattr(sys.modules.get("multiprocessing.util"), "_exit_function", None)
    if finish is not None:
        finish()
    code = SHELL + PIPE if sent_pipe() else _codes[0]
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()  # what exit handlers of the user have printed
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)


if __name__ == "__main__":
    main()
