"""The reader of an event log: it reads along, and stops at a record that is not whole."""

from __future__ import annotations

from pathlib import Path

from booking.core.orders import Completion
from booking.history.model import Event
from booking.recording.event_log import HEADER, RECORD, EventLogReader
from booking.recording.recorder import Recorder
from tests.support.recordings import nothing, recorded


def test_a_tail_that_reads_along_gives_each_event_once(tmp_path: Path) -> None:
    """And knows what is still open and why a buyer ended."""
    path = tmp_path / "log"
    tail = EventLogReader(path, 4)
    assert tail.poll() == []
    recorder = Recorder(path, 4, nothing)
    seen: list[Event] = []
    for number in range(3):
        recorder.invoke("search")
        seen += tail.poll()
        assert tail.open_operation is not None
        recorder.step("read", "data.json", None)
        seen += tail.poll()
        recorder.saw(number)
        recorder.complete(Completion("search", "ok", number))
        seen += tail.poll()
        assert tail.open_operation is None
    recorder.note("ValueError: x")
    seen += tail.rest()
    assert seen == recorded(path)
    assert tail.note == "ValueError: x"
    assert tail.completed == 3


def test_a_record_without_its_last_byte_does_not_count(tmp_path: Path) -> None:
    """A kill may come in the middle of a record: it is as if it had not begun."""
    path = tmp_path / "log"
    recorder = Recorder(path, 4, nothing)
    recorder.step("read", "data.json", None)
    recorder.step("replace", "data.json", 2)
    assert len(recorded(path)) == 2
    data = bytearray(path.read_bytes())
    ends = range(HEADER.size + RECORD.size - 1, len(data), RECORD.size)
    data[max(at for at in ends if data[at])] = 0
    path.write_bytes(data)
    assert [one.f for one in recorded(path)] == ["read"]
