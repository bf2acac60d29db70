"""The reader of an event log: it follows the log, and stops at an incomplete record."""

from __future__ import annotations

from pathlib import Path

from booking.core.order_execution import Completion
from booking.history.model import Event
from booking.recording.event_log import HEADER, RECORD, EventLogReader
from booking.recording.recorder import Recorder
from tests.support.recordings import nothing, recorded


def test_a_reader_returns_each_event_once_while_the_log_grows(tmp_path: Path) -> None:
    """It knows which operation is open, and why a buyer ended."""
    path = tmp_path / "log"
    reader = EventLogReader(path, 4)
    assert reader.poll() == []
    recorder = Recorder(path, 4, nothing)
    seen: list[Event] = []
    for number in range(3):
        recorder.invoke("search")
        seen += reader.poll()
        assert reader.open_operation is not None
        recorder.step("read", "data.json", None)
        seen += reader.poll()
        recorder.saw(number)
        recorder.complete(Completion("search", "ok", number))
        seen += reader.poll()
        assert reader.open_operation is None
    recorder.note("ValueError: x")
    seen += reader.drain()
    assert seen == recorded(path)
    assert reader.note == "ValueError: x"
    assert reader.completed == 3


def test_a_record_without_its_last_byte_does_not_count(tmp_path: Path) -> None:
    """A process may be killed in the middle of a record: the reader ignores that record."""
    path = tmp_path / "log"
    recorder = Recorder(path, 4, nothing)
    recorder.step("read", "data.json", None)
    recorder.step("replace", "data.json", 2)
    assert len(recorded(path)) == 2
    data = bytearray(path.read_bytes())
    ends = range(HEADER.size + RECORD.size - 1, len(data), RECORD.size)
    data[max(at for at in ends if data[at])] = 0
    path.write_bytes(data)
    assert [event.f for event in recorded(path)] == ["read"]
