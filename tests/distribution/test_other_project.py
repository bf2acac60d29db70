"""On the index, `booking` is another project: installed into one environment, one line says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking.system.distribution import problem
from tests.support.distributions import THIS, Built, Environment, write_wheel

OTHERS = {"booking/__init__.py": "from .sdk import Hotel\n", "booking/sdk.py": "class Hotel: ...\n"}
UNINSTALL = "pip uninstall booking booking-workbench, then install ours with: pip install"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment.create(tmp_path, THIS)


def test_what_it_overwrote_is_said_in_one_line_and_nothing_runs(
    environment: Environment, built: Built, tmp_path: Path
) -> None:
    """Installed last, its package took the place of ours. Without it, ours has a hole."""
    environment.install(built.wheel)
    environment.install(write_wheel(tmp_path, "booking", "1.0.0", OTHERS))
    done = environment.run("booking", "--version")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("booking: another project, booking 1.0.0, is installed into")
    assert UNINSTALL in done.stderr
    assert done.stderr.count("\n") == 1

    environment.pip("uninstall", "--yes", "booking")
    done = environment.run("booking", "--version")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("booking: files of ours are missing from")
    assert "--force-reinstall --no-deps booking-workbench" in done.stderr
    assert done.stderr.count("\n") == 1


def test_where_ours_was_installed_last_the_command_runs_behind_the_line(
    environment: Environment, built: Built, tmp_path: Path
) -> None:
    """The other project is the one with a hole, and only we know why."""
    environment.unpack(write_wheel(tmp_path, "booking", "1.0.0", OTHERS))
    environment.unpack(built.wheel)
    done = environment.run("python", "-m", "booking", "--version")
    assert (done.returncode, done.stdout) == (0, "booking, version 0.1.0\n")
    assert UNINSTALL in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["booking_client", "travel"])
def test_a_project_of_another_name_with_that_package_is_named_as_well(
    name: str, environment: Environment, built: Built, tmp_path: Path
) -> None:
    """The index has such ones, too. All records are read where ours is the one with a hole."""
    environment.unpack(built.wheel, write_wheel(tmp_path, name, "1.0.0", OTHERS))
    done = environment.run("python", "-m", "booking", "--version")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"booking: another project, {name} 1.0.0, is installed into")
    assert f"pip uninstall {name} booking-workbench" in done.stderr


def test_a_project_that_only_shares_the_beginning_of_the_name_is_no_matter(
    environment: Environment, built: Built, tmp_path: Path
) -> None:
    """Nor is one that is called so, and has another package."""
    environment.unpack(write_wheel(tmp_path, "booking_client", "1.0.0", {"client.py": ""}))
    environment.unpack(write_wheel(tmp_path, "booking", "2.0", {"hotels/__init__.py": ""}))
    environment.unpack(built.wheel)
    done = environment.run("python", "-m", "booking", "--version")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["booking.egg-info", "booking-1.0.0-py3.11.egg-info"])
def test_an_old_installer_left_another_kind_of_record(name: str, tmp_path: Path) -> None:
    """It is read, too."""
    info = tmp_path / name
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: booking\nVersion: 1.0.0\n")
    assert problem(tmp_path / "booking") is None  # it lists no files
    (info / "SOURCES.txt").write_text("booking/__init__.py\n")
    (tmp_path / "booking").mkdir()
    (tmp_path / "booking/__init__.py").touch()
    assert "another project, booking 1.0.0" in (problem(tmp_path / "booking") or "")
