"""A forked process is ended and reaped, whatever came in between."""

from __future__ import annotations

import os
import signal

from booking.processes.forked_process import ForkedProcess


def test_a_process_that_was_reaped_is_not_ended_again() -> None:
    """A signal may come between the reaping and the note of it; the clean-up calls once more."""
    with ForkedProcess("inherited") as process:
        assert process.call("upper") == "INHERITED"
        os.kill(process.pid, signal.SIGKILL)
        os.waitpid(process.pid, 0)
    assert process.pid == 0
