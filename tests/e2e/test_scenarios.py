"""Every scenario that is shipped does what it says it expects."""

from __future__ import annotations

import pytest

from booking.core.assembly import assemble
from booking.core.scenario import Expect, from_file
from booking.core.verdict import Outcome
from booking.experiments.expectations import Trial, differences
from tests.conftest import ROOT
from tests.support.junit import cases, named

FILES = sorted((ROOT / "scenarios").glob("*.toml"))
# Without a lock and with one, each start method but fork's, a death, and the clerk.
USUAL = {"01", "02", "04", "06", "13", "15", "19"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_expects_something_and_has_a_title(path: object) -> None:
    """A scenario without an expectation shows nothing."""
    scenario = from_file(path)  # type: ignore[arg-type]
    assert scenario.title
    assert scenario.expect.verdict is not None


@pytest.mark.sweep(usual=lambda path: path.stem[:2] in USUAL)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_comes_out_as_expected(program: object, path: object) -> None:
    """The file is run as a user runs it."""
    done = program("run", str(path))  # type: ignore[operator]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 scenario, 0 not as expected" in done.stdout


def test_a_difference_is_named() -> None:
    """The check above can fail: each number and name that differs is said."""
    from booking.core.scenario import Scenario
    from booking.core.verdict import Verdict
    from booking.experiments.sale import Sale
    from booking.history.model import History

    sale = Sale(assemble(Scenario()), History(3, 2), Verdict(Outcome.VALID, "fine"))
    expect = Expect(
        verdict=Outcome.INVALID, anomalies=["oversell"], sold=3, remaining=0, info=1, crashed=1,
        hung=1,
    )  # fmt: skip
    assert len(differences(expect, sale)) == 7
    assert differences(Expect(verdict=Outcome.VALID, sold=0, remaining=2), sale) == []
    assert Trial.__doc__


def test_junit_names_the_scenario_that_failed(program: object, tmp_path: object) -> None:
    """And the exit code is 1."""
    (tmp_path / "sound.toml").write_text('buyers = 2\nlock = "flock"\n')  # type: ignore[operator]
    (tmp_path / "wrong.toml").write_text("buyers = 3\n[expect]\nsold = 99\n")  # type: ignore[operator]
    done = program("run", ".", "--junit", "report.xml")  # type: ignore[operator]
    assert done.returncode == 1, done.stderr
    found = cases(f"{tmp_path}/report.xml")
    assert (len(found), named(found, "failure")) == (2, ["wrong"])
