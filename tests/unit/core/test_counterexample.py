"""A witness is a small file of domain steps; what is none is refused in one line."""

from __future__ import annotations

import json

import pytest

from booking.core.counterexample import (
    load,
    save,
)
from booking.errors import UsageError
from tests.support.explorations import explored


def test_a_witness_survives_its_file(tmp_path):
    """Written and read again it is the same; the file holds steps, no code."""
    witness = explored(2, 1).counterexample
    save(witness, tmp_path / "w.json")
    assert load(tmp_path / "w.json") == witness
    steps = json.loads((tmp_path / "w.json").read_text())["steps"]
    assert steps[0] == {"buyer": 0, "action": "read", "resource": "data.json", "saw": 1}


@pytest.mark.parametrize(
    "text, problem",
    [
        ("", "no witness"),
        ("[]", "no witness"),
        ('{"version": 2}', "no witness"),
        (None, "no such file"),
    ],
)
def test_what_is_no_witness_is_refused_in_one_line(tmp_path, text, problem):
    """Wrong input is exit code 2, never a defect."""
    path = tmp_path / "w.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=problem) as error:
        load(path)
    assert "\n" not in str(error.value)


def test_a_witness_of_another_version_or_of_nobody_is_refused(tmp_path):
    """A step of a buyer who does not come can't be replayed."""
    data = json.loads(_saved(tmp_path).read_text())
    for change, problem in (
        ({"version": 9}, "version 9"),
        ({"buyers": []}, "not among the buyers"),
    ):
        path = tmp_path / "changed.json"
        path.write_text(json.dumps({**data, **change}))
        with pytest.raises(UsageError, match=problem):
            load(path)


def _saved(folder):
    save(explored(2, 1).counterexample, folder / "w.json")
    return folder / "w.json"
