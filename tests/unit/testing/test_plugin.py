"""The pytest plugin, in runs of the real pytest: outcomes, output, options, JUnit, workers."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import booking.testing.races  # noqa: F401 - a run in this process drops what it imports itself
from tests.conftest import ROOT
from tests.support.golden import golden
from tests.support.plugin_site import python_path

pytest_plugins = ["pytester"]

SHOP = """
import os
from booking import BaseStore, saw, step

class Shop(BaseStore):
    def __init__(self, place):
        self.path = place.scratch / "shop.txt"

    def reset(self, tickets):
        self.path.write_text(str(tickets))

    def read(self):
        step("read", "shop.txt")
        count = int(self.path.read_text())
        saw(count)
        return count

    def write(self, remaining):
        fresh = self.path.with_name(f"shop-{os.getpid()}-{id(self)}.tmp")
        fresh.write_text(str(remaining))
        step("replace", "shop.txt", remaining)
        fresh.replace(self.path)

    def close(self):
        pass
"""
RACY = """
from shop import Shop

def test_sold(race):
    race(Shop, buyers=3, tickets=2).sound()

def test_proved(race):
    race(Shop, buyers=3, tickets=2).proved()

def test_not_explored(race):
    race(Shop, lock="flock", max_states=1).proved()
"""
OUTCOMES = """
import pytest
from booking.testing import assert_proved
from shop import Shop

@pytest.mark.booking(lock="flock", schedules=2)
def test_sound(race):
    assert str(race(Shop).sound()).startswith("✓ VALID  2 of 2 tickets sold to 3 buyers")

def test_proof():
    assert "all 6 interleavings sound" in str(assert_proved(Shop, lock="flock"))

def test_allowed(race):
    race(Shop, lock="flock", max_states=1, allow_unknown=True).proved()

@pytest.mark.xfail(strict=True)
def test_unknown_as_expected(race):
    race(Shop, lock="flock", max_states=1).proved()

@pytest.mark.xfail(strict=False)
def test_passed_unexpectedly(race):
    race(Shop, lock="flock", max_states=1, allow_unknown=True).proved()

@pytest.mark.xfail(strict=True)
def test_invalid_as_expected(race):
    race(Shop).proved()

def test_raises(race):
    with pytest.raises(AssertionError, match="double-sold"):
        race(Shop).proved()
"""
WRONG = """
import pytest
from shop import Shop

def test_local(race):
    class Local(Shop):
        pass
    race(Local).proved()

def test_misspelled(race):
    race(Shop, buyer=3)

@pytest.mark.booking("flock")
def test_unnamed(race):
    race(Shop)

def test_unfit(race):
    race(Shop, guard="optimistic").sound()
"""
Lines = list[str]


@pytest.fixture(autouse=True)
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Make a folder with a store, for runs of pytest with this plugin and no other."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("CI", "BUILD_NUMBER"):  # pytest shortens its summary where neither is set
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p booking.testing.plugin")
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n")
    pytester.makepyfile(shop=SHOP)
    return pytester


def shown(result: pytest.RunResult) -> str:
    """Return what pytest printed about the tests, without durations."""
    text = "\n".join(result.outlines)
    return re.sub(r"\d+\.\d+s", "#s", text[text.index("test_racy.py ") :]) + "\n"


def test_a_racy_store_fails_so_that_one_can_read_it_and_fails_again(suite: pytest.Pytester) -> None:
    """Verdict, steps, reason, cure; the line that repeats it, which does; and what was unknown."""
    suite.makepyfile(test_racy=RACY)
    first = suite.runpytest_subprocess()
    assert first.ret == pytest.ExitCode.TESTS_FAILED
    golden("pytest/racy.txt", shown(first))
    assert "booking: seed 0, counterexamples in .booking/" in first.outlines
    line = next(
        line for line in first.outlines if line.startswith("pytest test_racy.py::test_sold")
    )
    kept = {path: path.read_bytes() for path in suite.path.glob(".booking/*.json")}
    assert len(kept) == 2
    again = suite.runpytest_subprocess(*shlex.split(line)[1:])
    assert failure(again) == failure(first)
    assert all(path.read_bytes() == content for path, content in kept.items())
    replay = next(line for line in again.outlines if line.startswith("booking replay "))
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(replay.replace("--times 100", "--times 2"))],
        cwd=suite.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "double-sold" in done.stdout) == (0, True), done.stderr
    assert (suite.path / ".booking/.gitignore").read_text() == "*\n"


def failure(result: pytest.RunResult) -> Lines:
    """Return the lines of the first failure."""
    lines = result.outlines
    start = next(at for at, line in enumerate(lines) if "test_sold __" in line)
    return lines[start : next(at for at, line in enumerate(lines) if line.startswith("booking re"))]


def properties(path: Path) -> dict[str, dict[str, str]]:
    """Return each test's properties in a JUnit file."""
    return {
        case.attrib["name"]: {
            one.attrib["name"]: one.attrib["value"] for one in case.iter("property")
        }
        for case in ET.parse(path).iter("testcase")
    }


def test_outcomes_pass_the_wire_of_workers_and_reach_junit(suite: pytest.Pytester) -> None:
    """Letters, reasons, properties and counterexamples of two workers, who share a drawn seed."""
    suite.makepyfile(test_racy=RACY, test_outcomes=OUTCOMES)
    result = suite.runpytest_subprocess(
        "-p",
        "xdist",
        "-n2",
        "--dist",
        "worksteal",
        "--junitxml",
        "junit.xml",
        "--booking-seed",
        "random",
    )
    result.stdout.fnmatch_lines(
        [
            "booking: seed * (drawn), counterexamples in .booking/",
            "*= 2 failed, 3 passed, 2 xfailed, 1 xpassed, 2 unknown in *",
        ]
    )
    reason = "not complete: the bound max_states was reached"
    lines = {line for line in result.outlines if line.startswith("UNKNOWN ")}
    assert lines == {
        f"UNKNOWN test_racy.py::test_not_explored - {reason}",
        f"UNKNOWN test_outcomes.py::test_allowed - {reason} (allowed)",
    }
    found = properties(suite.path / "junit.xml")
    seed = found["test_sound"]["seed"]
    assert f"booking: seed {seed} (drawn), counterexamples in .booking/" in result.outlines
    assert found["test_sound"] == {
        "verdict": "valid",
        "seed": seed,
        "command": f"pytest test_outcomes.py::test_sound --booking-seed {seed}",
    }
    assert found["test_proof"]["states"] == "12"
    assert found["test_allowed"]["verdict"] == "unknown"
    assert found["test_sold"]["counterexample"].startswith(".booking/test_racy.py-test_sold-")
    assert len(list(suite.path.glob(".booking/*.json"))) == 2


def test_flags_win_over_the_test_and_the_test_over_the_ini_file(suite: pytest.Pytester) -> None:
    """Flag, call, marker, ini file, in this order; unknown passes where a flag allows it."""
    suite.makeini("[pytest]\nbooking_buyers = 4\nbooking_seed = 7\nbooking_schedules = 1\n")
    suite.makepyfile(
        test_order="""
        import pytest
        from booking.errors import UsageError
        from shop import Shop

        @pytest.mark.booking(schedules=2)
        def test_order(race):
            made = race(Shop, seed=8)
            print(made.buyers, made.seed, made.schedules, made.max_states, made.allow_unknown)
        """
    )
    plain = suite.runpytest_inprocess("-s", "-q")
    assert "4 8 2 None False" in plain.stdout.str()
    given = ["--booking-seed=9", "--booking-schedules=3", "--booking-max-states=5"]
    flagged = suite.runpytest_inprocess("-s", "-q", *given, "--booking-allow-unknown")
    assert "4 9 3 5 True" in flagged.stdout.str()


def test_wrong_use_is_said_in_a_line_and_without_our_frames(suite: pytest.Pytester) -> None:
    """A class that no buyer can import, a misspelled option, an option of the ini file."""
    suite.makepyfile(test_wrong=WRONG)
    result = suite.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str()
    assert "no buyer can import it; define it at the top level of its module" in text
    assert 'unknown option of a race "buyer"; did you mean buyers?' in text
    assert "@pytest.mark.booking: name each option, as in buyers=3" in text
    assert "guard optimistic needs a store with VersionedStore" in text
    assert "/booking/" not in text.replace(f"{suite.path}", "")
    wrong = suite.runpytest_inprocess("-o", "booking_seed=x")
    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    wrong.stderr.fnmatch_lines(["ERROR: ini option booking_seed: 'x': give a whole number from 0*"])


def test_a_suite_without_races_is_not_touched_and_the_plugin_can_be_left_out(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is loaded where booking is installed; then nothing heavy is imported, nothing written."""
    monkeypatch.setenv("PYTHONPATH", python_path(suite.path / "site"))
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest")
    suite.makepyfile(
        test_plain="""
        import sys

        def test_plain():
            heavy = {"hypothesis", "pydantic", "msgspec", "rich", "click", "greenlet"}
            assert heavy & set(sys.modules) == set()
            known = {name for name in sys.modules if name.partition(".")[0] == "booking"}
            assert known <= {
                "booking", "booking.testing", "booking.testing.outcomes",
                "booking.testing.plugin", "booking.testing.plugin_options",
            }
            assert "booking.testing.plugin" in known
        """,
    )
    plain = suite.runpytest_subprocess()
    plain.assert_outcomes(passed=1)
    assert not (suite.path / ".booking").exists()
    suite.makepyfile(test_racy=RACY)
    without = suite.runpytest_subprocess("-p", "no:booking", "test_racy.py")
    without.assert_outcomes(errors=3)
    without.stdout.fnmatch_lines(["*fixture 'race' not found*"])


def test_a_counterexample_that_cannot_be_kept_hides_no_failure(suite: pytest.Pytester) -> None:
    """A file stands where the folder should be."""
    (suite.path / ".booking").write_text("")
    suite.makepyfile(test_racy=RACY)
    result = suite.runpytest_inprocess("-k", "test_proved")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*✗ INVALID  double-sold*", "the counterexample could not be kept*"]
    )


def test_a_counterexample_goes_when_its_test_passes(suite: pytest.Pytester) -> None:
    """A file of a failure that is gone would mislead; the files of other tests stay."""
    suite.makepyfile(test_racy=RACY)
    suite.runpytest_inprocess("-k", "proved")
    kept = list(suite.path.glob(".booking/*.json"))
    assert len(kept) == 1
    other = kept[0].with_name("test_other-00000000.json")
    other.write_text("{}")
    suite.makepyfile(test_racy=RACY.replace("tickets=2)", 'tickets=2, lock="flock")'))
    suite.runpytest_inprocess("-k", "proved").assert_outcomes(passed=1)
    assert list(suite.path.glob(".booking/*.json")) == [other]


@pytest.mark.sweep(usual=lambda mode, where: mode == "prepend")
@pytest.mark.parametrize(
    "mode,where",
    [("prepend", "deep/er"), ("importlib", "")],  # there it is deep.er.test_deep
)
def test_modules_elsewhere_are_named_in_the_line_that_replays(
    mode: str, where: str, suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pytest imports a test from its own folder; a replay has to be told of it, and then works."""
    (suite.path / "deep/er").mkdir(parents=True)
    test = SHOP + "\ndef test_deep(race):\n    race(Shop).proved()\n"
    (suite.path / "deep/er/test_deep.py").write_text(test)
    result = suite.runpytest_inprocess(f"--import-mode={mode}")
    line = next(line for line in result.outlines if "booking replay " in line)
    told, command = line.split("booking replay ")
    assert told == (f"PYTHONPATH={where} " if where else "")
    assert command.startswith(".booking/deep-er-test_deep.py-")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *([where] if where else [])]))
    done = suite.run(sys.executable, "-m", "booking", "replay", *shlex.split(command))
    assert done.ret == 0
