"""Who waits for whom, read from last steps."""

from __future__ import annotations

from booking.fleet.stalled import holders, waits
from booking.history import Event


def step(process: int, action: str, saw: int | None = None) -> Event:
    return Event(0, process, "step", action, resource="mutex", saw=saw)


def test_a_holder_has_acquired_and_never_released() -> None:
    """A lock that was refused is not held, one that was given back neither."""
    assert holders([step(0, "acquire", 1), step(1, "acquire", 0)]) == {"mutex": 0}
    assert holders([step(0, "acquire", 1), step(0, "release")]) == {}
    assert holders([step(0, "acquire", 1), step(0, "release"), step(1, "acquire", 1)]) == {
        "mutex": 1
    }


def test_who_waits_names_the_holder_and_who_sleeps_does_not() -> None:
    """Only an acquire without an answer waits for somebody."""
    steps = [step(0, "acquire", 1), step(1, "acquire"), step(2, "read")]
    found = waits([1, 2, 3], {1: steps[1], 2: steps[2]}, steps)
    assert [(one["buyer"], one["step"], one["holder"]) for one in found] == [
        (1, "acquire", 0),
        (2, "read", None),
        (3, None, None),
    ]
