"""The shipped scenarios are found by name from any folder, and `init scenarios` writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from booking.core.shipped_scenarios import located, shipped
from tests.conftest import Program

SOUND = "buyers = 2\ntickets = 2\nlock = 'flock'\n"
NAME = "05-serial"


@pytest.mark.parametrize("name", [NAME, f"{NAME}.toml"])
def test_a_shipped_scenario_is_found_by_its_name(program: Program, name: str) -> None:
    """Nothing else of it is in the folder; the report names it as the user did."""
    done = program("run", name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{name}  ")
    assert f"booking simulate {name} " in program("simulate", name).stdout


def test_a_file_of_the_current_folder_comes_first(program: Program, tmp_path: Path) -> None:
    """And a link that leads nowhere is an error, not another file."""
    (tmp_path / NAME).write_text(f'title = "mine"\n{SOUND}')
    (tmp_path / "01-as-written").symlink_to("nowhere")
    assert f"{NAME}  mine" in program("run", NAME).stdout
    assert program("run", "01-as-written").returncode == 2


@pytest.mark.parametrize("path", ["./05-serial", "sales/05-serial", "/05-serial"])
def test_a_path_names_no_shipped_scenario(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a plain name does. Python drops the `./` of a path, which changes nothing here."""
    assert (located(Path(path)) == Path(path)) is (path != "./05-serial")


@pytest.mark.parametrize("command", ["run", "simulate"])
def test_a_mistyped_name_is_told_the_nearest(program: Program, command: str) -> None:
    """And how to get the files."""
    done = program(command, "05-serail")
    assert done.returncode == 2
    assert "did you mean the shipped scenario 05-serial?" in done.stderr
    assert "booking init scenarios" in done.stderr
    assert "did you mean" not in program(command, "elsewhere.toml").stderr


def test_init_writes_every_scenario_and_says_how_to_run_them(
    program: Program, tmp_path: Path
) -> None:
    """Twice is as good as once."""
    for _ in range(2):
        done = program("init", "scenarios")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("run them with: booking run scenarios\n")
    written = {path.name: path.read_bytes() for path in (tmp_path / "scenarios").iterdir()}
    assert written == {path.name: path.read_bytes() for path in shipped().values()}


def edited(path: Path) -> None:
    path.write_text(SOUND)


def linked(path: Path) -> None:
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("make", [edited, linked, Path.mkdir, os.mkfifo])
def test_init_replaces_nothing(program: Program, tmp_path: Path, make: object) -> None:
    """Where one file would be replaced, none is written."""
    (tmp_path / "mine").mkdir()
    make(tmp_path / "mine" / f"{NAME}.toml")  # type: ignore[operator]
    done = program("init", "scenarios", "mine")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"mine/{NAME}.toml: exists and differs" in done.stderr
    assert [path.stem for path in (tmp_path / "mine").iterdir()] == [NAME]


@pytest.mark.parametrize("folder", ["file", "/proc/none"])
def test_init_says_where_it_cannot_write(program: Program, tmp_path: Path, folder: str) -> None:
    """In one line."""
    (tmp_path / "file").touch()
    done = program("init", "scenarios", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"booking: {folder}: ")
    assert done.stderr.endswith("; name another folder\n")
