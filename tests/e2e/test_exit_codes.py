"""Each exit code of the reference, for each command that can give it, with and without `--json`."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
import warnings
from pathlib import Path

import click
import pytest

from booking.cli.main import COMMANDS, booking, main
from booking.errors import ExitCode
from tests.conftest import Program
from tests.support.exit_codes import ANY, CODES, WRONG
from tests.support.workers import LIMIT_S, ROOT

Capture = pytest.CaptureFixture[str]

WITHOUT_JSON = {"demo", "init", "reset", "schema"}
SLOW = {"demo", "matrix"}
CASES = [
    pytest.param(name, code, words, as_json, id=f"{name}-{code}{'-json' * as_json}")
    for name, codes in CODES.items()
    for code, words in codes.items()
    for as_json in (False, True)
    if not as_json or name not in WITHOUT_JSON
    if (name, code) != ("list", 1)  # needs a lock that lies: tests/e2e/test_cli.py has one
]


def command(name: str) -> click.Command:
    found = booking.get_command(click.Context(booking), name)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that the commands of the table read."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "data.json").write_text('{"ticket_num": 5}')
    (folder / "empty.json").write_text('{"ticket_num": 0}')
    sale = 'buyers = 4\ndelay = "5ms"\n'
    (folder / "oversold.toml").write_text(f'{sale}[expect]\nanomalies = ["oversell"]\n')
    (folder / "unsound.toml").write_text(sale)
    (folder / "alone.toml").write_text('buyers = 1\nlock = "flock"\n')
    for name in ("valid", "oversell"):
        shutil.copy(ROOT / "tests" / "data" / "histories" / f"{name}.jsonl", folder)
    (folder / "open.jsonl").write_text('{"process": 0, "type": "invoke", "f": "buy"}\n')
    witness = folder / "witness.json"
    words = ("--buyers", "2", "--tickets", "1", "--witness", str(witness))
    assert main(["explore", *words]) == ExitCode.ANOMALY
    other = json.loads(witness.read_text())
    other["steps"] = other["steps"][:1] * 2
    (folder / "other.json").write_text(json.dumps(other))
    return folder


@pytest.mark.sweep(
    usual=lambda name, as_json: (as_json or name in WITHOUT_JSON) and name not in SLOW
)
@pytest.mark.parametrize("name, code, words, as_json", CASES)
def test_a_command_ends_with_the_code_of_its_result(
    program: Program, inputs: Path, tmp_path: Path,
    name: str, code: int, words: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """With `--json` there is one document, that of the command: a result is no failure."""
    for path in inputs.iterdir():
        shutil.copy(path, tmp_path)
    done = program(name, *words, *(["--json"] * as_json))
    assert (done.returncode, done.stderr) == (code, "")
    if as_json:
        assert not isinstance(json.loads(done.stdout).get("error"), dict)
    else:
        assert done.stdout


def test_the_table_has_every_command_and_every_code() -> None:
    """A new command, or a new code, is tested too."""
    assert set(CODES) == set(COMMANDS)
    assert {code for codes in CODES.values() for code in codes} | ANY == set(ExitCode)
    has_json = {
        name for name in COMMANDS if any("--json" in one.opts for one in command(name).params)
    }
    assert has_json == set(COMMANDS) - WITHOUT_JSON
    reference = (ROOT / "docs" / "reference" / "command-line.md").read_text()
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", reference, re.M)}
    assert documented == set(ExitCode)


def failed(capsys: Capture, words: list[str], code: int, *, as_json: bool) -> str:
    """Run a command that must fail; return its message, which is the document's as well."""
    assert main([*words, *(["--json"] * as_json)]) == code
    out, err = capsys.readouterr()
    assert err.startswith("booking: ")
    assert err.count("\n") == 1
    message = err.removeprefix("booking: ").rstrip("\n")
    if as_json:
        assert json.loads(out) == {"version": 1, "error": {"code": code, "message": message}}
    else:
        assert out == ""
    return message


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_usage_of_every_command_is_2(name: str, as_json: bool, capsys: Capture) -> None:
    """Also where the options are so wrong that none of them is read."""
    assert "--no-such-option" in failed(capsys, [name, *WRONG], 2, as_json=as_json)


@pytest.fixture
def calling(monkeypatch: pytest.MonkeyPatch) -> object:
    """Put a function in the place of a command's own work."""

    def put(name: str, work: object) -> list[str]:
        monkeypatch.setattr(command(name), "callback", work)
        monkeypatch.setattr(command(name), "params", [])
        if name not in WITHOUT_JSON:
            from booking.cli.options import json_option

            json_option(command(name))
        return [name]

    return put


def as_jsons(name: str) -> list[bool]:
    return [False] if name in WITHOUT_JSON else [False, True]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_defect_of_every_command_is_70(
    name: str, calling: object, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that no code expected, with how to see where."""
    monkeypatch.delenv("BOOKING_DEBUG", raising=False)

    def work(**_: object) -> int:
        raise RuntimeError("wrong turn")

    words = calling(name, work)  # type: ignore[operator]
    for as_json in as_jsons(name):
        assert "defect" in failed(capsys, words, 70, as_json=as_json)


@pytest.mark.parametrize("number, code, said", [
    (signal.SIGHUP, 129, "the terminal was closed"),
    (signal.SIGINT, 130, "interrupted"),
    (signal.SIGTERM, 143, "terminated"),
])  # fmt: skip
@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_ends_every_command_with_its_own_code(
    name: str, number: signal.Signals, code: int, said: str, calling: object, capsys: Capture
) -> None:
    """Its work is cut short, later signals are ignored, and the handlers are as before."""
    before = signal.getsignal(number)

    def work(**_: object) -> int:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)  # a second one, during the clean-up
        raise AssertionError("not cut short")

    words = calling(name, work)  # type: ignore[operator]
    for as_json in as_jsons(name):
        assert said in failed(capsys, words, code, as_json=as_json)
    assert signal.getsignal(number) is before


def test_a_signal_that_a_finalizer_swallows_ends_the_command_all_the_same(
    calling: object, capsys: Capture
) -> None:
    """Python reports what `__del__` raises, and goes on: the sale would run to its end."""

    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def work(**_: object) -> int:
        del_me = Finalized()
        del del_me
        deadline_s = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline_s:
            time.sleep(0.001)
        raise AssertionError("it went on")

    before = signal.getsignal(signal.SIGALRM)
    words = calling("search", work)  # type: ignore[operator]
    assert "terminated" in failed(capsys, words, 143, as_json=False)
    assert signal.getsignal(signal.SIGALRM) is before


def test_an_error_that_a_signal_brought_about_is_the_signal(
    calling: object, capsys: Capture
) -> None:
    """Python wraps what comes while a class is made; a library may do so anywhere."""

    def work(**_: object) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException as error:
            raise RuntimeError("wrapped") from error
        raise AssertionError("it went on")

    words = calling("search", work)  # type: ignore[operator]
    assert failed(capsys, words, 130, as_json=False) == "interrupted; every buyer was ended"


@pytest.mark.parametrize("name", COMMANDS)
def test_sigpipe_of_another_process_ends_every_command_with_141(name: str, calling: object) -> None:
    """The command runs in a fork: where a process has threads, one of them may take the signal."""

    def work(**_: object) -> int:
        if (pid := os.fork()) == 0:
            os.kill(os.getppid(), signal.SIGPIPE)
            os._exit(0)
        os.waitpid(pid, 0)
        return 0

    words = calling(name, work)  # type: ignore[operator]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: the runner has threads
        if (pid := os.fork()) == 0:
            os._exit(main(words))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == ExitCode.BROKEN_PIPE


def test_code_of_a_user_does_not_choose_the_exit_code(calling: object, capsys: Capture) -> None:
    """A module that ends the program, or is ended as by Ctrl-C, is told apart from a result."""

    def leaves(**_: object) -> int:
        raise SystemExit(0)

    def interrupts(**_: object) -> int:
        raise KeyboardInterrupt

    words = calling("search", leaves)  # type: ignore[operator]
    for as_json in (False, True):
        assert "sys.exit(0)" in failed(capsys, words, 2, as_json=as_json)
    words = calling("search", interrupts)  # type: ignore[operator]
    assert failed(capsys, words, 130, as_json=False) == "interrupted; every buyer was ended"


def test_a_broken_pipe_inside_is_no_reader_that_is_gone(
    calling: object, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel sends the same signal for a buyer that died as for a closed output."""
    monkeypatch.delenv("BOOKING_DEBUG", raising=False)

    def work(*, handled: bool = True, **_: object) -> int:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            os.write(writer, b"!")
        except BrokenPipeError:
            if not handled:
                raise
        finally:
            os.close(writer)
        return 0

    assert main(calling("schema", work)) == 0  # type: ignore[operator]
    assert main(calling("schema", lambda: work(handled=False))) == 70  # type: ignore[operator]
    assert "BrokenPipeError" in capsys.readouterr().err
