"""The histories in tests/data get the verdicts written beside them, through the command."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from booking.cli.check import command
from tests.support.planted_histories import FOLDER, planted

EXPECTED = json.loads((FOLDER / "expected.json").read_text())
CODES = {"valid": 0, "invalid": 1, "unknown": 3}


@pytest.mark.parametrize("name", EXPECTED)
def test_check_gives_the_expected_verdict(name):
    expected = EXPECTED[name]
    flags = expected.get("flags", [])
    result = CliRunner().invoke(command, [str(FOLDER / name), *flags, "--json"])
    assert result.exit_code == CODES[expected["verdict"]], result.output
    found = json.loads(result.output)
    assert found["verdict"] == expected["verdict"]
    assert sorted({one["name"] for one in found["anomalies"]}) == expected["anomalies"]
    assert (found["witness_order"] is not None) == (found["verdict"] == "valid")


@pytest.mark.parametrize("name", EXPECTED)
def test_every_history_can_be_explained(name):
    flags = EXPECTED[name].get("flags", [])
    result = CliRunner().invoke(command, [str(FOLDER / name), *flags, "--explain"])
    assert result.exit_code in {0, 1}
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_every_history_in_the_folder_is_expected_something_of():
    kept = {path.name for path in FOLDER.iterdir()} - {"expected.json"}
    assert kept == set(EXPECTED)


def test_the_files_are_what_the_generator_makes():
    assert {f"{name}.jsonl" for name in planted()} == {
        name for name in EXPECTED if name.endswith(".jsonl")
    }
