"""No combination of arguments is a traceback or a defect: Hypothesis over the tree of commands."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking.cli.main import COMMANDS, booking, main
from booking.errors import ExitCode, UsageError

Capture = pytest.CaptureFixture[str]

HUGE = str(2**70)
VALUES = [
    "", " ", "0", "-1", "1", "2,1", HUGE, f"-{HUGE}", "1" * 5000, "nan", "inf", "1e400", "1e400s",
    "1s", "0s", "1us..2us", "3s..1s", "-1s", "9" * 400 + "s", "poisson:0", "poisson:1e9", "\udcff",
    "ä\u202e", "a\0b", "a\nb", "\x1b[31m", "%s{0}", "--", "-", ",", ",,a", "a:b", ":", "none",
    "lock", "flock", "clerk", "fork", "random", "pct", "oversell", "valid", "none.jain>=0",
    "x" * 6000, "/", ".", "..", "no/such", "data.json", "valid.jsonl", "nested.json",
    "nested.toml", "sale.toml",
    "json", "json:data.json", "json:/", "json:.", "json:no/x", "json:" + "x" * 6000, "json:a\0b",
    "json-inplace:/", "sqlite:/", "sqlite:.", "sqlite:x.db", "sqlite:a\0b", "memory",
    "memory-shared",
    "redis://127.0.0.1:1/0?foo=bar", "redis://[::1", "redis://h:99999999", "redis://127.0.0.1:1/x",
    "postgresql://[::1", "postgresql://h:port/x", "postgresql://127.0.0.1:1/x?foo=bar",
    "redis:\udcff",
]  # fmt: skip
CODES = {code for code in ExitCode if code < ExitCode.DEFECT}


def _not_run(*_: object, **__: object) -> NoReturn:
    raise UsageError("all that comes before the work has passed")


@pytest.fixture
def without_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes processes and time; check, search, buy and reset do all of theirs."""
    for target in (
        "booking.experiments.sale._run_once", "booking.experiments.exploration.prove",
        "booking.experiments.scheduled.run_scheduled", "booking.bench.measure.measure",
        "booking.bench.self_cost.measure", "booking.experiments.matrix.fill",
        "booking.experiments.replay._ReplayProcesses", "booking.cli.catalogue._probed",
    ):  # fmt: skip
        monkeypatch.setattr(target, _not_run)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOOKING_DEBUG", raising=False)
    (tmp_path / "data.json").write_text('{"ticket_num": 5}')
    (tmp_path / "valid.jsonl").write_text('{"process": 0, "type": "invoke", "f": "buy"}\n')
    (tmp_path / "nested.json").write_text("[" * 100_000)
    (tmp_path / "nested.toml").write_text("a = " + "[" * 100_000)
    (tmp_path / "sale.toml").write_text("buyers = 2\n")


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """Draw a command with some of its own options, each with any value, and some arguments."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    command = booking.get_command(click.Context(booking), name)
    assert command is not None
    spellings = [word for one in command.params for word in one.opts + one.secondary_opts]
    options = [word for word in spellings if word.startswith("--")]
    value = st.sampled_from(VALUES) | st.text(max_size=8)
    words = [name]
    for option in draw(st.lists(st.sampled_from(options), max_size=4)) if options else ():
        words += draw(
            st.sampled_from([[option], [option, draw(value)], [f"{option}={draw(value)}"]])
        )
    if "--store" in options and draw(st.booleans()):
        words += ["--store", draw(value)]
    return words + draw(st.lists(value, max_size=2))


@pytest.mark.sweep(usual=lambda examples: examples == 50)
@pytest.mark.parametrize("examples", [50, 5000])
@pytest.mark.usefixtures("without_work")
def test_no_arguments_are_a_defect(examples: int, capsys: Capture) -> None:
    """A code of the reference; where it is 2, one line that says why."""

    @settings(
        max_examples=examples, derandomize=examples == 50,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip
    @given(command_lines())
    def run(words: list[str]) -> None:
        code = main(words)
        out, err = capsys.readouterr()
        assert code in CODES, (words, err)
        assert "Traceback" not in out + err
        if code == ExitCode.USAGE and "Usage:" not in out:
            assert err.startswith("booking: ")
            assert err.count("\n") == 1

    run()
