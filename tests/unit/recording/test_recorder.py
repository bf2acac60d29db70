"""The recorder: what was written is there, also when the writer was killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.core.orders import Completion
from booking.history.model import Event
from booking.recording.event_log import HEADER, RECORD, EventLogReader
from booking.recording.recorder import FIRST_BYTES, Recorder

KILLED = """
import os, sys
from pathlib import Path
from booking.recording.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]), 4, lambda: None)
acknowledged = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)
number = 0
while True:
    recorder.step("write", "data.json", number)
    os.pwrite(acknowledged, number.to_bytes(8, "little"), 0)
    number += 1
"""


def nothing() -> None:
    """Take no time."""


def recorded(path: Path) -> list[Event]:
    return EventLogReader(path, 4).rest()


def test_what_a_buyer_did_is_read_back(tmp_path: Path) -> None:
    """Operations with their steps, what the steps saw, the pid and the parent's."""
    path = tmp_path / "log"
    recorder = Recorder(path, 4, nothing)
    recorder.invoke("buy", 2)
    recorder.step("read", "data.json", None)
    recorder.saw(3)
    recorder.step("replace", "data.json", 1)
    recorder.complete(Completion("buy", "ok", 3, 2))
    recorder.note("went home")
    events = recorded(path)
    kinds = [(one.type, one.f, one.value, one.saw, one.quantity) for one in events]
    assert kinds == [
        ("invoke", "buy", None, None, 2),
        ("step", "read", None, 3, 1),
        ("step", "replace", 1, None, 1),
        ("ok", "buy", 3, None, 2),
    ]
    assert [one.resource for one in events] == [None, "data.json", "data.json", None]
    assert {(one.pid, one.ppid, one.process) for one in events} == {(os.getpid(), os.getppid(), 4)}
    times = [one.time for one in events]
    assert times == sorted(times)


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


@given(
    st.lists(
        st.tuples(st.text(max_size=30), st.none() | st.integers(-(2**63), 2**63 - 1)), max_size=30
    )
)
def test_any_names_and_values_come_back(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int | None]]
) -> None:
    """New names are spelt out between the records."""
    path = tmp_path_factory.mktemp("log") / "log"
    recorder = Recorder(path, 4, nothing)
    for resource, value in steps:
        recorder.step("read", resource, value)
    recorder.close()
    got = [(one.resource or "", one.value) for one in recorded(path)]
    assert got == [(_spelt(resource), value) for resource, value in steps]


def _spelt(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def test_a_logbook_grows(tmp_path: Path) -> None:
    """Far past its first size, names and all."""
    path = tmp_path / "log"
    recorder = Recorder(path, 4, nothing)
    many = 4 * FIRST_BYTES // RECORD.size
    for number in range(many):
        recorder.step("write", f"file-{number % 50}", number)
    assert [one.value for one in recorded(path)] == list(range(many))


def test_nothing_is_lost_when_a_buyer_is_killed(tmp_path: Path) -> None:
    """Every event whose recording had returned is there, whole, after SIGKILL, ten times."""
    for number in range(10):
        log, acknowledged = tmp_path / f"log-{number}", tmp_path / f"ack-{number}"
        buyer = subprocess.Popen([sys.executable, "-c", KILLED, str(log), str(acknowledged)])
        while not (acknowledged.exists() and _acknowledged(acknowledged) > 300 * (number + 1)):
            time.sleep(0.001)
        os.kill(buyer.pid, signal.SIGKILL)
        buyer.wait()
        last = _acknowledged(acknowledged)
        values = [one.value for one in recorded(log)]
        assert values == list(range(len(values)))
        assert last + 1 <= len(values) <= last + 2


def _acknowledged(path: Path) -> int:
    return int.from_bytes(path.read_bytes(), "little")


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


def test_invoke_comes_before_the_first_effect_and_completion_after_the_last(
    tmp_path: Path,
) -> None:
    """Or the judge would accuse the innocent."""
    from random import Random

    from booking.core.protocols import Order, Reply, Store
    from booking.processes.buyer import Buyer

    recorder = Recorder(tmp_path / "log", 4, nothing)
    effects: list[int] = []

    class Transition:
        needs = Store

        def sell(self, store: Store, order: Order) -> Reply:
            effects.append(time.monotonic_ns())
            effects.append(time.monotonic_ns())
            return Reply("ok", 3)

    store: Store = None  # type: ignore[assignment]  # the guard above asks nothing of it
    Buyer(4, store, Transition(), recorder, Random(0)).buy()
    invoke, complete = recorded(tmp_path / "log")
    assert invoke.time <= effects[0] <= effects[1] <= complete.time
