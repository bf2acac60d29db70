"""A history gets one verdict, however it is written down: `check` from the outside."""

from __future__ import annotations

import json
from random import Random

import pytest
from click.testing import CliRunner

from booking.cli.check import command
from tests.support.borderline import borderline
from tests.support.crosscheck import decision_of
from tests.support.dialects import DIALECTS


@pytest.mark.sweep(usual=lambda seed: seed < 2)
@pytest.mark.parametrize("seed", range(20))
def test_every_dialect_gets_the_verdict(seed, tmp_path):
    rng = Random(seed)
    for number in range(30):
        recording = borderline(rng)
        expected = decision_of(recording).verdict
        names = [one.name.value for one in expected.anomalies]
        for dialect, write in DIALECTS.items():
            folder = tmp_path / f"{number}-{dialect}"
            folder.mkdir()
            arguments = write(recording, folder)
            if arguments is None:
                continue
            result = CliRunner().invoke(command, [*arguments, "--json"])
            found = json.loads(result.stdout or '{"error": "nothing printed"}')
            assert "verdict" in found, (arguments, result.output)
            answer = found["verdict"], [one["name"] for one in found["anomalies"]]
            assert answer == (expected.outcome.value, names), (arguments, found)
            text = (folder / arguments[0]).read_text()
            if not text.startswith("{:"):
                _quotes(text, found)


def _quotes(text: str, found: dict) -> None:
    """Each event of the evidence stands in the file."""
    written = [json.loads(line) for line in text.splitlines()]
    for anomaly in found["anomalies"]:
        assert anomaly["witness"]
        for event in anomaly["witness"]:
            assert any(event.items() <= line.items() for line in written), event
