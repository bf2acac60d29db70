"""`booking run`: one file that fails does not end the run for the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import LIMIT_S, Program
from tests.support.gates import GATES, close_gate, held

SOUND = 'buyers = 2\nlock = "flock"\n'
RACES = "buyers = 3\n"  # and expects nothing, so it should be sound
PLANTED = "tests.support.planted"


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


# What is wrong with a file, the exit code that it gives alone, and what is said of it.
BROKEN: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "bad-toml": (text("buyers = = 3"), 2, "bad-toml.toml"),
    "unknown-key": (text("buyerz = 3"), 2, "buyerz"),
    "no-text": (lambda path: path.write_bytes(b"\xff\xfe\x00"), 2, "no-text.toml"),
    "folder": (lambda path: path.mkdir(), 2, "is no regular file"),
    "pipe": (os.mkfifo, 2, "is no regular file"),
    "dangling": (lambda path: path.symlink_to("nowhere"), 2, "no such file"),
    "no-module": (text('store = "nomodule:Store"'), 2, "cannot import nomodule"),
    "exits-at-import": (text('store = "leaves:Store"'), 2, "SystemExit: 0"),
    "no-syntax": (text('store = "nosyntax:Store"'), 2, "SyntaxError"),
    "fails-to-build": (text(f'store = "{PLANTED}:FailsToBuild"'), 2, "no connection"),
    "fails-to-read": (text(f'store = "{PLANTED}:FailsToRead"'), 2, "no table"),
    "exits-in-guard": (text('guard = "arranges:Exits"'), 2, "SystemExit: 0"),
    "fails-in-guard": (text('guard = "arranges:Fails"'), 2, "KeyError: 'seats'"),
    "leaves-in-guard": (text('guard = "arranges:Leaves"'), 2, "with exit code 0, so there is no"),
    "dies-in-guard": (text('guard = "arranges:Dies"'), 2, "ended the process by signal 9"),
    "interrupts": (text('guard = "arranges:Interrupts"'), 2, "ends the program (KeyboardInterr"),
}
ARRANGES = """
class Exits:
    def sell(self, store, order): ...
    def arrange(self, store):
        raise SystemExit(0)

class Fails(Exits):
    def arrange(self, store):
        raise KeyError("seats")

class Leaves(Exits):
    def arrange(self, store):
        import os
        os._exit(0)

class Dies(Exits):
    def arrange(self, store):
        import os
        os.kill(os.getpid(), 9)

class Interrupts(Exits):
    def arrange(self, store):
        raise KeyboardInterrupt
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make scenario files of each kind, broken ones between sound ones."""
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "nosyntax.py").write_text("class Store(\n")
    (tmp_path / "arranges.py").write_text(ARRANGES)
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    for name, (make, _, _) in BROKEN.items():
        make(scenarios / f"{name}.toml")
    (scenarios / "a-first.toml").write_text(SOUND)
    (scenarios / "z-last.toml").write_text(SOUND)
    (scenarios / "y-races.toml").write_text(RACES)
    return scenarios


def suite_of(path: Path) -> ET.Element:
    """Return the one suite of a JUnit file."""
    root = ET.parse(path).getroot()
    (suite,) = root
    assert root.tag == "testsuites"
    assert all(root.get(name) == suite.get(name) for name in ("tests", "failures", "errors"))
    return suite


def properties(case: ET.Element) -> dict[str | None, str | None]:
    return {one.get("name"): one.get("value") for one in case.iter("property")}


def test_each_file_gets_its_result(program: Program, folder: Path) -> None:
    """As text, JSON and JUnit; the exit code is the gravest."""
    done = program("run", "scenarios", "--allow-code", "--json", "--junit", "report.xml")
    assert done.returncode == 2, done.stderr
    document = json.loads(done.stdout)
    assert "error" not in document
    by_name = {Path(one["scenario"]).stem: one for one in document["scenarios"]}
    assert set(by_name) == {*BROKEN, "a-first", "y-races", "z-last"}
    for name, (_, code, said) in BROKEN.items():
        trial = by_name[name]
        assert (trial["sale"], trial["as_expected"]) == (None, False)
        assert trial["error"]["code"] == code, trial
        assert said in trial["error"]["message"], trial
        assert said in done.stderr
    for name in ("a-first", "z-last"):
        assert by_name[name]["sale"]["verdict"] == "valid", by_name[name]
        assert (by_name[name]["error"], by_name[name]["as_expected"]) == (None, True)
    assert by_name["y-races"]["sale"]["verdict"] == "invalid"
    assert "Traceback" not in done.stderr
    suite = suite_of(folder.parent / "report.xml")
    counts = (suite.get("tests"), suite.get("failures"), suite.get("errors"))
    assert counts == (str(len(by_name)), "1", str(len(BROKEN)))
    errors = {case.get("name") for case in suite if case.find("error") is not None}
    assert errors == set(BROKEN)


@pytest.mark.parametrize("files, code", [
    (["a-first"], 0),
    (["a-first", "y-races"], 1),
    (["a-first", "y-races", "bad-toml"], 2),
])  # fmt: skip
def test_the_exit_code_is_the_gravest(
    program: Program, folder: Path, files: list[str], code: int
) -> None:
    """Wrong input comes before an anomaly, and that before success."""
    done = program("run", "--allow-code", *(str(folder / f"{name}.toml") for name in files))
    assert done.returncode == code, done.stdout + done.stderr
    broken = sum(name in BROKEN for name in files)
    assert (f", {broken} could not be run" in done.stdout) == (broken > 0)


def test_where_no_file_can_be_read_the_command_is_refused(program: Program, folder: Path) -> None:
    """In one line, as any other wrong input; JUnit has each file's error."""
    names = [str(folder / f"{name}.toml") for name in ("bad-toml", "unknown-key", "missing")]
    done = program("run", "--allow-code", *names, "--junit", "report.xml")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "bad-toml.toml: not TOML" in done.stderr
    assert "(and 2 more)" in done.stderr
    suite = suite_of(folder.parent / "report.xml")
    assert (suite.get("tests"), suite.get("errors")) == ("3", "3")


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_an_interruption_keeps_what_there_is(tmp_path: Path, as_json: bool) -> None:
    """The files before it have their results, and those behind it are skipped."""
    (tmp_path / "a.toml").write_text(SOUND)
    (tmp_path / "b.toml").write_text('guard = "tests.support.gates:Gated"\nlock = "flock"\n')
    (tmp_path / "c.toml").write_text(SOUND)
    close_gate(tmp_path, "before the write")
    run = subprocess.Popen(
        [sys.executable, "-m", "booking", "run", str(tmp_path), "--allow-code", "--junit", "j.xml",
         *(["--json"] if as_json else [])],
        env={**os.environ, GATES: str(tmp_path)}, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with held(tmp_path, "before the write"):
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=LIMIT_S)
    assert (run.returncode, err) == (130, "booking: interrupted; every buyer was ended\n")
    if as_json:
        document = json.loads(out)
        assert [Path(one["scenario"]).stem for one in document["scenarios"]] == ["a"]
        assert document["error"]["code"] == 130
    else:
        assert "1 scenario, 0 not as expected, 2 more not run" in out
    suite = suite_of(tmp_path / "j.xml")
    assert (suite.get("tests"), suite.get("errors"), suite.get("skipped")) == ("3", "0", "2")
    assert [case.get("name") for case in suite if case.find("skipped") is not None] == ["b", "c"]


@pytest.mark.sweep(usual=lambda method: method == "fork")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_file_that_names_code_starts_its_own_buyers(
    program: Program, tmp_path: Path, method: str
) -> None:
    """The fork server of the file before, for example, is no child of its process."""
    sale = f'buyers = 2\nstart_method = "{method}"\nlock = "flock"\ncontrol = false\n'
    for name, more in (
        ("a", ""),
        ("b", 'store = "booking.stores.json_replaced:JsonStore"\n'),
        ("c", ""),
    ):
        (tmp_path / f"{name}.toml").write_text(f"{sale}{more}[expect]\nsold = 2\n")
    done = program("run", "--allow-code", "--json", *(f"{name}.toml" for name in "abc"))
    results = json.loads(done.stdout)["scenarios"]
    assert [result.get("error") for result in results] == [None] * 3, done.stderr


FAILS = """
title = "Two \\u001b[31m buyers & <one> ticket"
expect = {sold = 7}
buyers = 2
lock = "flock"
delay = "5ms"
"""


def test_a_scenario_that_fails_says_how_to_run_it_again(program: Program, tmp_path: Path) -> None:
    """On the screen, in JSON and in JUnit; that command fails the same way, with the same seed."""
    (tmp_path / "fails.toml").write_text(FAILS)
    (tmp_path / "unread.toml").write_text("buyers = = 2")
    done = program("run", "fails.toml", "unread.toml", "--junit", "j.xml")
    (again,) = [line for line in done.stdout.splitlines() if "again  booking run fails" in line]
    words = again.split()[2:]
    assert words[:3] == ["run", "fails.toml", "--seed"]
    assert "again  booking run unread.toml\n" in done.stdout
    assert "sold: expected 7, got 2" in done.stdout
    case, unread = suite_of(tmp_path / "j.xml")
    assert case.get("name") == r"Two \x1b[31m buyers & <one> ticket"
    assert case.get("file") == "fails.toml"
    assert case.get("timestamp", "").count(":") == 2
    facts = properties(case)
    assert facts["command"] == "booking " + " ".join(words)
    assert (facts["seed"], facts["store"], facts["guard"], facts["lock"]) == (
        words[-1], "json", "lock", "flock",
    )  # fmt: skip
    assert properties(unread) == {"command": "booking run unread.toml"}
    once_more = program(*words, "--json")
    assert once_more.returncode == 1
    (trial,) = json.loads(once_more.stdout)["scenarios"]
    assert trial["again"] == facts["command"]
    assert trial["sale"]["seed"] == int(words[-1])
    failure = case.find("failure")
    assert failure is not None
    assert failure.text == "\n".join(trial["differences"])


def test_the_command_allows_what_the_file_needs(program: Program, tmp_path: Path) -> None:
    """Else it would be refused, and not fail the same way."""
    (tmp_path / "code.toml").write_text(f'buyers = 2\nstore = "{PLANTED}:DropsTickets"\n')
    done = program("run", "code.toml", "--allow-code")
    assert done.returncode != 0
    (again,) = [line for line in done.stdout.splitlines() if "again" in line]
    assert again.startswith("  again  booking run code.toml --allow-code --seed ")
