"""The recorder: what was written can be read, even after its process was killed."""

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

from booking.core.order_execution import Completion
from booking.errors import UsageError
from booking.recording.event_log import NAMES_MAX, RECORD
from booking.recording.recorder import FIRST_BYTES, Recorder
from tests.support.recordings import nothing, recorded

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


def test_what_a_buyer_did_is_read_back(tmp_path: Path) -> None:
    """Operations with their steps, what the steps saw, the process and its parent."""
    path = tmp_path / "log"
    recorder = Recorder(path, 4, nothing)
    recorder.invoke("buy", 2)
    recorder.step("read", "data.json", None)
    recorder.saw(3)
    recorder.step("replace", "data.json", 1)
    recorder.complete(Completion("buy", "ok", 3, 2))
    recorder.note("ended")
    events = recorded(path)
    kinds = [(event.type, event.f, event.value, event.saw, event.quantity) for event in events]
    assert kinds == [
        ("invoke", "buy", None, None, 2),
        ("step", "read", None, 3, 1),
        ("step", "replace", 1, None, 1),
        ("ok", "buy", 3, None, 2),
    ]
    assert [event.resource for event in events] == [None, "data.json", "data.json", None]
    processes = {(event.pid, event.ppid, event.process) for event in events}
    assert processes == {(os.getpid(), os.getppid(), 4)}
    times = [event.time for event in events]
    assert times == sorted(times)


def test_a_failed_operation_is_read_back_with_its_error(tmp_path: Path) -> None:
    """The name of the error and its detail, as a history shows them."""
    recorder = Recorder(tmp_path / "log", 4, nothing)
    for completion in (
        Completion("buy", "fail", None, 2, "unavailable", "the store is busy"),
        Completion("search", "fail", error="torn-read"),
        Completion("buy", "info", None, 2, "no-answer"),
    ):
        recorder.invoke(completion.operation, completion.quantity)
        recorder.complete(completion)
    endings = [event for event in recorded(tmp_path / "log") if event.type != "invoke"]
    assert [(event.type, event.f, event.value, event.error) for event in endings] == [
        ("fail", "buy", None, "unavailable: the store is busy"),
        ("fail", "search", None, "torn-read"),
        ("info", "buy", None, "no-answer"),
    ]


@given(
    st.lists(st.none() | st.integers(-(2**63) + 1, 2**63 - 1) | st.text(max_size=100), max_size=30)
)
def test_any_ticket_comes_back(
    tmp_path_factory: pytest.TempPathFactory, tickets: list[int | str | None]
) -> None:
    """A number, a text, or none: each as it was answered, in its order."""
    path = tmp_path_factory.mktemp("log") / "log"
    recorder = Recorder(path, 4, nothing)
    for ticket in tickets:
        recorder.complete(Completion("buy", "ok", ticket))
    recorder.close()
    assert [event.value for event in recorded(path)] == tickets


def test_more_names_come_back_than_have_numbers(tmp_path: Path) -> None:
    """A process may meet more seats, errors and resources than 16 bits can number."""
    path = tmp_path / "log"
    recorder = Recorder(path, 4, nothing)
    many = NAMES_MAX + 100
    for number in range(many):
        recorder.complete(Completion("buy", "info", f"seat {number}", error=f"error {number}"))
        recorder.step("read", f"file {number}", number)
    recorder.close()
    endings, steps = [], []
    for event in recorded(path):
        (steps if event.type == "step" else endings).append(event)
    assert all(
        (event.f, event.value, event.error) == ("buy", f"seat {number}", f"error {number}")
        for number, event in enumerate(endings)
    )
    assert all(
        (event.f, event.resource, event.value) == ("read", f"file {number}", number)
        for number, event in enumerate(steps)
    )
    assert len(endings) == len(steps) == many


@pytest.mark.parametrize("value", ["A1", 1.5, 2**63, [3]])
def test_a_step_with_a_value_that_is_no_number_names_the_call(
    tmp_path: Path, value: object
) -> None:
    """Steps carry counts; the error names the call and its value."""
    recorder = Recorder(tmp_path / "log", 4, nothing)
    with pytest.raises(UsageError, match="saw was called with"):
        recorder.saw(value)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(UsageError, match=r"step\('write', …\) was called with"):
        recorder.step("write", "data.json", value)  # type: ignore[arg-type]  # the mistake
    recorder.step("read", "data.json", 3)
    assert [event.value for event in recorded(tmp_path / "log")] == [3]


@given(
    st.lists(
        st.tuples(st.text(max_size=30), st.none() | st.integers(-(2**63), 2**63 - 1)), max_size=30
    )
)
def test_any_names_and_values_come_back(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int | None]]
) -> None:
    """The spelling of a new name stands between the records."""
    path = tmp_path_factory.mktemp("log") / "log"
    recorder = Recorder(path, 4, nothing)
    for resource, value in steps:
        recorder.step("read", resource, value)
    recorder.close()
    read_back = [(event.resource or "", event.value) for event in recorded(path)]
    assert read_back == [(_spelt(resource), value) for resource, value in steps]


def _spelt(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def test_an_event_log_grows(tmp_path: Path) -> None:
    """Its file takes far more records and names than it first had room for."""
    path = tmp_path / "log"
    recorder = Recorder(path, 4, nothing)
    many = 4 * FIRST_BYTES // RECORD.size
    for number in range(many):
        recorder.step("write", f"file-{number % 50}", number)
    assert [event.value for event in recorded(path)] == list(range(many))


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
        values = [event.value for event in recorded(log)]
        assert values == list(range(len(values)))
        assert last + 1 <= len(values) <= last + 2


def _acknowledged(path: Path) -> int:
    return int.from_bytes(path.read_bytes(), "little")
