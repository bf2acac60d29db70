"""`booking bench` from the outside: rows, files, thresholds, and one line for wrong words."""

from __future__ import annotations

from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from booking.cli.bench import bench
from booking.cli.options import typed
from tests.conftest import ROOT
from tests.support.screens import commands, too_wide
from tests.support.screens import words as words_of

Program = Callable[..., CompletedProcess[str]]


def test_the_whole_command(program: Program, tmp_path: Any) -> None:
    """A row a variant and number of buyers; files where they were wanted, and nothing else."""
    import json

    done = program(
        "bench", "--guards", "none,lock,queue,clerk", "--locks", "flock", "--buyers", "1,3",
        "--rounds", "1", "--time", "20ms", "--peer", "--durable", "--json", "--csv", "rows.csv",
        "--chart", "chart.svg", "--require", "lock@3.sales_per_s>=1",
        "--require", "clerk@3.sales_per_s>=1000000000",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (4, "")
    found = json.loads(done.stdout)
    cells = [(row["guard"], row["lock"], row["buyers"]) for row in found["rows"]]
    guards = [("none", None), ("lock", "flock"), ("queue", None), ("clerk", None), ("atomic", None)]
    assert cells == [(*guard, buyers) for buyers in (1, 3) for guard in guards]
    assert all(row["sales_per_s"] > 0 for row in found["rows"])
    assert {"bare json", "bare sqlite"} <= set(found["floors"])
    assert all(row["lost_sales"] == 0 for row in found["rows"] if row["guard"] != "none")
    assert all(row["cpu_us_per_sale"] > 0 for row in found["rows"])
    assert [row["contended"] for row in found["rows"]][:5] == [False] * 5
    assert found["missed"][0].startswith(
        "clerk@3.sales_per_s>=1000000000: json/clerk with 3 buyers has"
    )
    assert [one["met"] for one in found["thresholds"]] == [True, False]
    assert all(" with 3 buyers" in line or "no choice: " in line for line in found["summary"])
    assert {path.name for path in tmp_path.iterdir()} == {"rows.csv", "chart.svg"}
    ET.parse(tmp_path / "chart.svg")


@pytest.mark.parametrize(
    "words, problem",
    [
        (["--require", "lock.speed>=1"], 'unknown metric "speed"'),
        (["--buyers", "1"], "a single buyer has no competitor"),
        (["--buyers", "ten"], "write whole numbers"),
        (["--time", "5"], "--time"),
        (["--chart", "no/such/folder.svg"], "no such folder"),
        (["--self", "--require", "halp.ratio<=1"], 'unknown overhead "halp"'),
    ],
)
def test_wrong_words_are_one_line_and_exit_code_2(
    program: Program, words: list[str], problem: str
) -> None:
    """Before anything is sold."""
    done = program("bench", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert problem in done.stderr


def test_one_variant_that_fails_does_not_end_the_others(program: Program) -> None:
    """It is named, and left out; the exit code is that of a sale that cannot be run."""
    import json

    done = program(
        "bench", "--guards", "none,tests.support.planted:Rude,lock", "--locks", "flock",
        "--buyers", "2", "--rounds", "2", "--time", "20ms", "--no-c", "--json",
        PYTHONPATH=str(ROOT),
    )  # fmt: skip
    assert done.returncode == 2
    found = json.loads(done.stdout)
    assert [row["guard"] for row in found["rows"]] == ["none", "lock"]
    assert len(found["failed"]) == 1
    assert "planted:Rude with 2 buyers could not be measured" in found["failed"][0]
    assert done.stderr == f"booking: {found['failed'][0]}\n"


def test_where_nothing_can_be_measured_the_command_is_refused(program: Program) -> None:
    """In one line."""
    done = program(
        "bench", "--guards", "tests.support.planted:Rude", "--buyers", "2", "--rounds", "1",
        "--time", "20ms", "--no-c", PYTHONPATH=str(ROOT),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_the_unguarded_sale_is_seen_to_lose(program: Program) -> None:
    """A race in the same closed loop makes the count of lost sales rise: the measure can fail."""
    import json

    done = program(
        "bench",
        "--guards",
        "none,tests.support.planted:Impolite",
        "--buyers",
        "8",
        "--rounds",
        "1",
        "--time",
        "200ms",
        "--no-c",
        "--json",
        PYTHONPATH=str(ROOT),
    )
    none, impolite = json.loads(done.stdout)["rows"]
    assert none["lost_sales"] > 0
    assert impolite["failed"] > 0
    assert impolite["lost_sales"] > 0


def test_the_report_fits_the_screen_and_its_command_runs(program: Program) -> None:
    """A sentence first, each threshold ticked off, and the command that measures the same again."""
    done = program(
        "bench", "--guards", "none,lock", "--locks", "flock", "--buyers", "1,2", "--rounds", "1",
        "--time", "20ms", "--no-c", "--wide", "--law", "--max-memory", "2GiB",
        "--require", "lock@2.sales_per_s>=1000000000", COLUMNS="80",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (4, "")
    assert too_wide(done.stdout, 80) == []
    assert " with 2 buyers" in done.stdout.partition("1 buyer\n")[0].replace("\n", " ")
    assert "✗ lock@2.sales_per_s>=1000000000: lock=flock with 2 buyers has" in done.stdout
    assert "no law; give at least 4 numbers of buyers" in done.stdout
    assert "no C compiler" not in done.stdout
    ((label, command),) = commands(done.stdout)
    assert label == "again"
    assert f"--max-memory {2 << 30}" in command
    assert program(*words_of(command)).returncode == 4


def test_the_command_shows_no_password() -> None:
    """A store's URL may hold one; it stands in the command as it does everywhere."""
    typed_words = ["--stores", "redis://shop:hunter2@db.example/0"]
    context = bench.make_context("booking bench", typed_words)
    assert typed(context) == "booking bench --stores 'redis://shop:***@db.example/0'"
