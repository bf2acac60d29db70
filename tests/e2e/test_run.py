"""`booking run`: one file that fails does not end the run for the others."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from booking.cli.main import main
from booking.core.scenario import Scenario
from booking.experiments import expectations
from booking.experiments.sale import Sale
from tests.conftest import LIMIT_S, ROOT, Program
from tests.support.gates import GATES, close_gate, held
from tests.support.junit import cases, named, problems

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
    found = cases(folder.parent / "report.xml")
    assert (len(found), named(found, "failure")) == (len(by_name), ["y-races"])
    assert set(named(found, "error")) == set(BROKEN)
    assert all(case.properties["command"] for case in found)


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
    assert len(named(cases(folder.parent / "report.xml"), "error")) == 3


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
    found = cases(tmp_path / "j.xml")
    assert (len(found), named(found, "error"), named(found, "skipped")) == (3, [], ["b", "c"])


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
store = "memory"
"""


def test_a_scenario_that_fails_says_how_to_run_it_again(program: Program, tmp_path: Path) -> None:
    """On the screen, in JSON and in JUnit; that command fails the same way, with the same seed.

    Each buyer sells from a copy of its own: whichever comes first, the sale is invalid.
    """
    (tmp_path / "fails.toml").write_text(FAILS)
    (tmp_path / "unread.toml").write_text("buyers = = 2")
    done = program("run", "fails.toml", "unread.toml", "--junit", "j.xml")
    words, unread_words = again(done.stdout)
    assert words[:3] == ["run", "fails.toml", "--seed"]
    assert unread_words == ["run", "unread.toml"]
    assert "sold: expected 7, got 2" in done.stdout
    case, unread = cases(tmp_path / "j.xml")
    assert case.name == r"Two \x1b[31m buyers & <one> ticket"
    assert case.case.get("classname") == "fails"
    assert case.suite.get("name") == "fails.toml"
    assert case.suite.get("timestamp")
    facts = case.properties
    assert facts["command"] == "booking " + " ".join(words)
    assert (facts["seed"], facts["store"], facts["guard"], facts["lock"], facts["verdict"]) == (
        words[-1], "memory", "lock", "flock", "invalid",
    )  # fmt: skip
    assert unread.properties == {"command": "booking run unread.toml"}
    once_more = program(*words, "--json")
    (trial,) = json.loads(once_more.stdout)["scenarios"]
    assert once_more.returncode == 1
    assert trial["sale"]["verdict"] == "invalid"
    assert trial["again"] == facts["command"]
    assert trial["sale"]["seed"] == int(words[-1])
    failure = case.result("failure")
    assert failure is not None
    assert failure.text == f"{trial['differences'][0]}\nagain: {facts['command']}"


def again(out: str) -> list[list[str]]:
    """Return the words of each command on the screen that repeats a scenario."""
    lines = [line.strip() for line in out.splitlines()]
    return [
        shlex.split(line.removeprefix("again"))[1:] for line in lines if line.startswith("again")
    ]


def test_the_command_allows_what_the_file_needs(program: Program, tmp_path: Path) -> None:
    """Else it would be refused, and not fail the same way."""
    (tmp_path / "code.toml").write_text(f'buyers = 2\nstore = "{PLANTED}:DropsTickets"\n')
    done = program("run", "code.toml", "--allow-code")
    assert done.returncode != 0
    (words,) = again(done.stdout)
    assert words[:4] == ["run", "code.toml", "--allow-code", "--seed"]
    assert program(*words).returncode in {1, 3}  # not refused


def test_the_command_has_the_seed_of_a_sale_that_could_not_be_run(
    program: Program, tmp_path: Path
) -> None:
    """It was drawn before; and the memory that was too little, without which it would run."""
    (tmp_path / "-many.toml").write_text("buyers = 2000\n")
    done = program("run", "--max-memory", "10MiB", "./-many.toml", "--json")
    (trial,) = json.loads(done.stdout)["scenarios"]
    assert (done.returncode, trial["sale"]) == (2, None)
    words = shlex.split(trial["again"])[1:]
    assert words[:4] == ["run", "./-many.toml", "--max-memory", str(10 << 20)]
    assert words[4] == "--seed"
    repeated = json.loads(program(*words, "--json").stdout)["scenarios"]
    assert repeated[0]["error"]["code"] == trial["error"]["code"]
    assert repeated[0]["again"] == trial["again"]


def test_the_command_puts_back_what_an_inventory_held(program: Program, tmp_path: Path) -> None:
    """A scenario that sells what is there finds less of it the next time."""
    (tmp_path / "stock.toml").write_text('store = "json:d.json"\nlock = "flock"\nbuyers = 2\n'
                                         "delay = '1ms'\nexpect = {sold = 7}\n")  # fmt: skip
    (tmp_path / "d.json").write_text('{"ticket_num": 3}')
    done = program("run", "stock.toml")
    assert "sold: expected 7, got 2" in done.stdout
    (words,) = again(done.stdout)
    reset, command = words[: words.index("&&")], words[words.index("&&") + 2 :]
    assert reset == ["reset", "--store", "json:d.json", "--tickets", "3"]
    for _ in range(2):
        assert program(*reset).returncode == 0
        assert "sold: expected 7, got 2" in program(*command).stdout
    assert "sold: expected 7, got 1" in program(*command).stdout


@pytest.mark.parametrize("how, code, not_run", [
    ("os._exit(9)", 2, []), ("os.kill(os.getppid(), 9)", -9, ["c"]),
])  # fmt: skip
def test_what_ends_the_program_does_not_end_the_results(
    tmp_path: Path, how: str, code: int, not_run: list[str]
) -> None:
    """Code of a user ends its own process, or the very program; JUnit has the others' results."""
    (tmp_path / "ends.py").write_text(
        "import os\nfrom booking.stores.memory import MemoryStore\n"
        f"class Store(MemoryStore):\n    def reset(self, tickets): {how}\n"
    )
    (tmp_path / "a.toml").write_text(SOUND)
    (tmp_path / "b.toml").write_text('title = "it ends"\nstore = "ends:Store"\n')
    (tmp_path / "c.toml").write_text(SOUND)
    done = subprocess.run(
        [sys.executable, "-m", "booking", "run", ".", "--allow-code", "--junit", "j.xml"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    found = cases(tmp_path / "j.xml")
    assert [case.name for case in found] == ["a", "it ends", "c"]
    assert (named(found, "error"), named(found, "skipped")) == (["it ends"], not_run)
    assert found[0].properties["verdict"]
    seed = found[1].properties["seed"]
    assert found[1].properties["command"] == f"booking run b.toml --allow-code --seed {seed}"


def test_a_defect_that_is_shown_does_not_end_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With BOOKING_DEBUG its traceback ends the program; JUnit has the others' results."""

    def run_sale(scenario: Scenario) -> Sale:
        if scenario.title == "defect":
            raise RuntimeError("ours")
        return real(scenario)

    real = expectations.run_sale
    monkeypatch.setattr(expectations, "run_sale", run_sale)
    monkeypatch.setenv("BOOKING_DEBUG", "1")
    (tmp_path / "a.toml").write_text(SOUND)
    (tmp_path / "b.toml").write_text('title = "defect"\n')
    (tmp_path / "c.toml").write_text(SOUND)
    with pytest.raises(RuntimeError, match="ours"):
        main(["run", str(tmp_path), "--junit", str(tmp_path / "j.xml")])
    found = cases(tmp_path / "j.xml")
    assert (named(found, "error"), named(found, "skipped")) == (["defect"], ["c"])
    assert found[0].properties["verdict"]


def test_a_report_that_cannot_be_written_does_not_hide_the_results(
    program: Program, tmp_path: Path
) -> None:
    """They are shown first; the error of the file comes last."""
    (tmp_path / "a.toml").write_text(SOUND)
    done = program("run", "a.toml", "--junit", "/dev/full", "--json")
    assert done.returncode == 2
    assert "/dev/full" in done.stderr
    assert json.loads(done.stdout)["scenarios"][0]["sale"]["sold"] == 2


@pytest.mark.parametrize(
    "document, problem",
    [
        ("<testsuites><testsuite name='a'/></testsuites>", "testsuite without errors"),
        ("<testsuites skipped='1'/>", "testsuites with skipped"),
        ("<testcase name='a' file='b'/>", "testcase with file"),
        ("<testcase name='a'><properties/></testcase>", "properties in testcase"),
        ("<testcase name='a' time='1s'/>", "time 1s"),
    ],
)
def test_the_schema_can_refuse(document: str, problem: str) -> None:
    """What the strict readers refuse is seen."""
    assert problem in problems(ET.fromstring(document))
