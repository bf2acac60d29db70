"""`booking matrix` from the outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import msgspec
import pytest

from booking.cli.main import main

Program = Callable[..., CompletedProcess[str]]
ABLE = "atomic cannot be carried by json, which can do: none, lock, queue, clerk"


@pytest.mark.parametrize(
    "more, guards",
    [
        (["--guards", "none,lock"], "none | lock"),
        pytest.param([], "none | lock | queue | clerk", marks=pytest.mark.slow),
    ],
    ids=["two guards", "every guard"],
)
def test_the_command_prints_a_table_and_writes_the_evidence(
    program: Program, tmp_path: Path, more: list[str], guards: str
) -> None:
    """As a user calls it."""
    done = program(
        "matrix", "--stores", "json", "--trials", "1", "--witnesses", "found", "--markdown", "m.md",
        *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "oversell" in done.stdout
    assert f"| anomaly | {guards} |" in (tmp_path / "m.md").read_text()
    witness = tmp_path / "found" / "json-none-oversell.json"
    assert program("replay", str(witness)).returncode == 0


@pytest.mark.parametrize(
    "words, said",
    [
        (("--stores", "json", "--guards", "atomic"), ABLE),
        (("--stores", "json", "--guards", "atomik"), "--guards: unknown guard"),
        (("--stores", ","), "--stores: names nothing"),
        (("--guards", ""), "--guards: names nothing"),
        (("--markdown", "nowhere/x.md"), "--markdown nowhere/x.md: no such folder"),
    ],
)
def test_what_gives_no_table_is_refused_before_anything_runs(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    """Each with what is wrong, and what would do."""
    monkeypatch.setattr("booking.experiments.matrix._column", lambda *_: pytest.fail("it ran"))
    assert main(["matrix", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_a_store_that_is_named_twice_has_one_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other guards that one of several stores cannot carry are left out."""
    monkeypatch.setattr("booking.experiments.matrix._column", lambda column, *_: column)
    assert (
        main(["matrix", "--stores", "json,json,sqlite", "--guards", "none,atomic", "--json"]) == 0
    )
    columns = msgspec.json.decode(capsys.readouterr().out)["columns"]
    assert [(one["store"], one["guard"]) for one in columns] == [
        ("json", "none"),
        ("sqlite", "none"),
        ("sqlite", "atomic"),
    ]
