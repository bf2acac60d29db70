"""The files of counterexamples: their names never clash, and go with their failure."""

from __future__ import annotations

from pathlib import Path

from booking.core.counterexample import Counterexample, CounterexampleBuyer, load
from booking.testing.counterexample_files import CounterexampleFiles

RACE = Counterexample(
    anomaly="double-sold", message="both", why="both", store="json", guard="none", tickets=1,
    buyers=[CounterexampleBuyer("buyer 0")], steps=[],
)  # fmt: skip
ALIKE = ("t.py::test[a b]", "t.py::test[a-b]", "t.py::test[a/b]", "t.py::test[é]", "x" * 300)


def test_tests_of_like_names_have_files_of_their_own(tmp_path: Path) -> None:
    """What no file's name can hold is left out of it; a hash of the test's id keeps them apart."""
    saved = {CounterexampleFiles(tmp_path, test).save(RACE) for test in ALIKE}
    assert len(saved) == len(ALIKE)
    assert all(path.name.isascii() and len(path.name) < 100 for path in saved)
    assert all(load(path) == RACE for path in saved)


def test_two_races_of_a_test_keep_both_and_go_together(tmp_path: Path) -> None:
    """The files of other tests stay."""
    files, others = (CounterexampleFiles(tmp_path, test) for test in ALIKE[:2])
    first, second, other = files.save(RACE), files.save(RACE), others.save(RACE)
    assert first != second
    CounterexampleFiles(tmp_path, ALIKE[0]).remove()
    assert (first.exists(), second.exists(), other.exists()) == (False, False, True)
