"""Who waits for whom, read from last steps."""

from __future__ import annotations

from booking.history.lock_state import holders, waits
from booking.history.model import Event


def step(process: int, action: str, saw: int | None = None) -> Event:
    return Event(0, process, "step", action, resource="mutex", saw=saw)


def test_a_holder_has_acquired_and_never_released() -> None:
    """A lock that was refused is not held, one that was given back neither."""
    assert holders([step(0, "acquire", 1), step(1, "acquire", 0)]) == {"mutex": 0}
    assert holders([step(0, "acquire", 1), step(0, "release")]) == {}
    assert holders([step(0, "acquire", 1), step(0, "release"), step(1, "acquire", 1)]) == {
        "mutex": 1
    }


def test_who_announced_first_may_have_been_served_last() -> None:
    """Locks are not all fair: the holder is who has not released, not who announced last."""
    steps = [step(n, "acquire", 1) for n in (0, 1, 2)] + [step(0, "release"), step(2, "release")]
    assert holders(steps) == {"mutex": 1}


def test_who_waits_names_the_holder_and_who_sleeps_does_not() -> None:
    """Only an acquire without an answer waits for a buyer."""
    steps = [step(0, "acquire", 1), step(1, "acquire"), step(2, "read")]
    found = waits([1, 2, 3], {1: steps[1], 2: steps[2]}, steps)
    assert [(wait.buyer, wait.step, wait.holder) for wait in found] == [
        (1, "acquire", 0),
        (2, "read", None),
        (3, None, None),
    ]
