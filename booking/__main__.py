"""The program: `python -m booking`, and the console script."""

from __future__ import annotations

import _signal  # not `signal`: its enums take a while, and a signal may come meanwhile
import atexit
import os
import sys

PIPE = 13
ENDING = {1: "the terminal was closed", 2: "interrupted", 15: "terminated"}  # HUP, INT, TERM
SHELL = 128  # a shell adds it to the number of a signal


def main() -> None:
    """Run the program; open the null device in place of each standard stream that is closed."""
    for number in ENDING:
        if _signal.getsignal(number) != _signal.SIG_IGN:  # of nohup, or of `&` in a script
            _signal.signal(number, _leave)
    atexit.register(_die_of_late_sigpipe)  # registered first, it is called last
    _signal.pthread_sigmask(_signal.SIG_BLOCK, {PIPE})  # kept for the command, which tells its kinds
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: the closed stream's
            setattr(sys, name, os.fdopen(fd, mode))
    from booking.cli.main import main as run

    sys.exit(run())


def _leave(number: int, _frame: object) -> None:
    """End at once: before the command and after it there is nothing to clean up."""
    try:
        os.write(2, f"booking: {ENDING[number]}\n".encode())
    finally:
        os._exit(SHELL + number)


def _die_of_late_sigpipe() -> None:
    """Let SIGPIPE end the process from now on: all output is written, and no pipe is left."""
    from booking.system.signals import sent_pipe

    if sent_pipe():
        os._exit(SHELL + PIPE)
    _signal.signal(PIPE, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {PIPE})


if __name__ == "__main__":
    main()
