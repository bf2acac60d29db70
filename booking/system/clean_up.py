"""What is to be cleaned up when a command ends, although a signal cut its own clean-up short.

A `with` block cleans up behind itself, but a signal may come between the effect and the block, or
in the middle of the clean-up. So it is noted as due before the effect. A command ends with
`settle_all`, which no signal disturbs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress


class CleanUp:
    """A clean-up that is due from its making on, until it is settled or forgotten."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action
        self._pid = os.getpid()  # a fork owes nothing
        _due.append(self)

    def settle(self) -> None:
        """Clean up; it stays due where that is interrupted."""
        if self._pid == os.getpid():
            self._action()
        self.forget()

    def forget(self) -> None:
        """Note that nothing is due any more."""
        with suppress(ValueError):
            _due.remove(self)


_due: list[CleanUp] = []


def settle_all() -> None:
    """Clean up what is still due, the latest first."""
    while _due:
        clean_up = _due[-1]
        with suppress(Exception):
            clean_up.settle()
        clean_up.forget()
