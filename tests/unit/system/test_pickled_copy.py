"""Copies by pickling: a copy shares what processes share, and what is said to be shared."""

from __future__ import annotations

import multiprocessing

import pytest

from booking.errors import UsageError
from booking.system.pickled_copy import PickledCopy


class Monitor:
    """An instance that all copies have in common, where that is asked for."""


def test_a_copy_has_everything_anew_but_what_processes_inherit() -> None:
    """A list is copied, a semaphore is not."""
    semaphore, numbers = multiprocessing.Semaphore(), [1]
    copied_semaphore, copied_numbers = PickledCopy((semaphore, numbers)).load()
    assert copied_semaphore is semaphore
    assert copied_numbers == numbers
    assert copied_numbers is not numbers


def test_an_instance_of_a_shared_class_stays_one_object() -> None:
    """And without that, it is copied."""
    monitor = Monitor()
    shared = PickledCopy([monitor], shared=frozenset({Monitor}))
    assert shared.load()[0] is shared.load()[0] is monitor
    assert PickledCopy([monitor]).load()[0] is not monitor


def test_what_cannot_be_pickled_is_refused_in_one_line() -> None:
    """It could not travel to a process that is started by spawn."""
    with pytest.raises(UsageError, match="open files and connections lazily") as error:
        PickledCopy(lambda: None)
    assert "\n" not in str(error.value)
