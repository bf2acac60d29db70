"""The follower of event logs: a listener gets each event once, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from booking.core.order_execution import Completion
from booking.fleets import follower
from booking.fleets.follower import EventFollower
from booking.history.model import Event
from booking.recording.event_log import EventLogReader
from booking.recording.recorder import Recorder
from tests.support.recordings import nothing


class Screen:
    """Keeps what it is shown."""

    wants_events = True

    def __init__(self) -> None:
        self.shown: list[tuple[str, int, int]] = []
        self.events: list[Event] = []

    def opened(self, at_ns: int) -> None: ...

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        self.shown.append((phase, done, total))
        self.events += events


def sale_of_two(folder: Path, screen: Screen) -> tuple[EventFollower, list[Recorder]]:
    paths = [folder / "0", folder / "1"]
    recorders = [Recorder(path, number, nothing) for number, path in enumerate(paths)]
    readers = [EventLogReader(path, number) for number, path in enumerate(paths)]
    return EventFollower(readers, screen), recorders


def test_events_of_several_logs_are_shown_in_the_order_of_time(tmp_path: Path) -> None:
    """Each once; none is lost for the history, whether it was shown or not."""
    screen = Screen()
    follow, (first, second) = sale_of_two(tmp_path, screen)
    second.invoke("buy")
    first.invoke("buy")
    second.complete(Completion("buy", "ok", 1))
    assert follow.look([0, 1])
    follow.publish("sell", 1, hold_back=False)
    assert screen.shown == [("sell", 1, 2)]
    assert [(event.process, event.type) for event in screen.events] == [
        (1, "invoke"), (0, "invoke"), (1, "ok"),
    ]  # fmt: skip
    assert not follow.look([0, 1])
    first.complete(Completion("buy", "fail", error="sold-out"))
    assert follow.has_open_operation(0) is False
    assert len(follow.drain([])) == 4


def test_the_newest_events_are_held_back_while_buyers_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier event may stand in a log that was read before."""
    monkeypatch.setattr(follower, "HOLD_BACK_NS", 3_600_000_000_000)
    screen = Screen()
    follow, (first, _) = sale_of_two(tmp_path, screen)
    first.invoke("search")
    follow.look([0, 1])
    follow.publish("sell", 0, hold_back=True)
    assert screen.events == []
    follow.publish("sell", 0, hold_back=False)
    assert [event.f for event in screen.events] == ["search"]


def test_an_operation_is_open_until_it_completes(tmp_path: Path) -> None:
    """So a stalled buyer hangs in the middle of it."""
    follow, (first, _) = sale_of_two(tmp_path, Screen())
    assert not follow.has_open_operation(0)
    first.invoke("buy")
    assert follow.has_open_operation(0)
    first.complete(Completion("buy", "ok", 1))
    assert not follow.has_open_operation(0)
