"""How a race test ends besides passing and failing, and who hears of its results.

The pytest plugin imports this module in every run, so it imports nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from booking.testing.races import RaceResult

_listeners: list[Callable[[RaceResult], None]] = []


class UnknownVerdict(AssertionError):  # noqa: N818 - an answer, not an error
    """Nothing was shown, for the reason that the message states; no pass, and no accusation."""


# As the traceback of a failing test shows it, which is where a user would import it from.
UnknownVerdict.__module__ = "booking.testing"


@contextmanager
def heard_by(listener: Callable[[RaceResult], None]) -> Iterator[None]:
    """Call the listener with each result of the block; of nested listeners the innermost."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.pop()


def announce(result: RaceResult) -> None:
    """Call the innermost listener with a result, if there is one."""
    for listener in _listeners[-1:]:
        listener(result)
