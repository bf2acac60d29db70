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


HOUR_NS = 3_600_000_000_000


def test_an_event_is_held_back_until_every_log_has_passed_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier one may come in a log that says nothing yet: it was shown too late before."""
    monkeypatch.setattr(follower, "HOLD_BACK_NS", HOUR_NS)
    screen = Screen()
    follow, (first, second) = sale_of_two(tmp_path, screen)
    second.invoke("search")
    first.invoke("search")
    first.complete(Completion("search", "ok", 3))
    follow.look([0, 1])
    follow.publish("sell", 0, hold_back=True)
    assert [event.process for event in screen.events] == [1]
    second.complete(Completion("search", "ok", 3))
    follow.look([0, 1])
    follow.publish("sell", 0, hold_back=True)
    assert [(event.process, event.type) for event in screen.events] == [
        (1, "invoke"), (0, "invoke"), (0, "ok"),
    ]  # fmt: skip


def test_a_log_that_says_nothing_holds_events_back_for_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its buyer may wait for a lock as long as the sale lasts."""
    screen = Screen()
    follow, (first, _) = sale_of_two(tmp_path, screen)
    first.invoke("search")
    monkeypatch.setattr(follower, "HOLD_BACK_NS", HOUR_NS)
    follow.look([0, 1])
    follow.publish("sell", 0, hold_back=True)
    assert screen.events == []
    monkeypatch.setattr(follower, "HOLD_BACK_NS", 0)
    follow.look([0, 1])
    follow.publish("sell", 0, hold_back=True)
    assert [event.f for event in screen.events] == ["search"]


@pytest.mark.parametrize("looked", [True, False], ids=["looked before", "never looked"])
def test_what_a_buyer_did_before_it_ended_is_shown_in_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked: bool
) -> None:
    """It is asked once more, although it lives no longer: it was shown behind all others before."""
    monkeypatch.setattr(follower, "HOLD_BACK_NS", HOUR_NS)
    screen = Screen()
    follow, (first, second) = sale_of_two(tmp_path, screen)
    if looked:
        follow.look([0, 1])
    first.invoke("buy")
    second.invoke("buy")
    follow.look([1])
    follow.publish("sell", 1, hold_back=True)
    assert [event.process for event in screen.events] == [0, 1]


def test_an_operation_is_open_until_it_completes(tmp_path: Path) -> None:
    """So a stalled buyer hangs in the middle of it."""
    follow, (first, _) = sale_of_two(tmp_path, Screen())
    assert not follow.has_open_operation(0)
    first.invoke("buy")
    assert follow.has_open_operation(0)
    first.complete(Completion("buy", "ok", 1))
    assert not follow.has_open_operation(0)
