"""The wheel works in a clean environment of each Python, and so do the tests of the sources."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.support.distributions import THIS, Built, Environment, build, ensure_index

VERSIONS = ["3.11", "3.12", "3.13", "3.14"]
OLDEST, NEWEST = "3.11", "3.13"
SUITE_LIMIT_S = 3600
FEW = ("tests/architecture/test_requirements.py", "tests/unit/core/test_durations.py")
SMOKE = {
    "--version": 0,
    "simulate --buyers 4 --tickets 3": 1,
    "simulate --store sqlite --guard atomic --schedule random --seed 1 --history sale.jsonl": 0,
    "check sale.jsonl": 0,
    "explore --buyers 3 --lock": 0,
    "run 05-serial": 0,
    "list": 0,
}
MORE = {  # where the packages are those of an index
    "explore --buyers 3": 1,
    "init scenarios": 0,
    "run scenarios/04-isolated-memory.toml 02-with-mutex": 0,
    "demo": 0,
}


@pytest.mark.sweep(usual=lambda version: version == THIS)
@pytest.mark.parametrize("version", [THIS, *VERSIONS])
def test_the_wheel_works_in_a_clean_environment(version: str, built: Built, tmp_path: Path) -> None:
    """In an empty folder; with what it needs from an index, and no extra."""
    environment = Environment.create(tmp_path, version)
    if version == THIS:
        environment.install(built.wheel)
    else:
        ensure_index(environment)
        environment.pip("install", str(built.wheel))
    lines = SMOKE if version == THIS else SMOKE | MORE
    for line, code in lines.items():
        done = environment.run("booking", *line.split())
        assert done.returncode == code, f"{line}\n{done.stdout}{done.stderr}"
        assert done.stderr == "", line
    imported = environment.run("python", "-c", "import booking; print(booking.__file__)").stdout
    assert imported.startswith(str(environment.packages))


def unpacked(built: Built, folder: Path) -> Path:
    """Unpack the source distribution; return its folder."""
    with tarfile.open(built.sdist) as archive:
        archive.extractall(folder, filter="data")
    (found,) = folder.glob("booking_workbench-*")
    return found


@pytest.mark.sweep(usual=lambda version: version == THIS)
@pytest.mark.parametrize("version", [THIS, OLDEST, NEWEST])
def test_the_tests_of_the_source_distribution_pass(
    version: str, built: Built, tmp_path: Path
) -> None:
    """All of them on the oldest and the newest; in the normal run a few that read the tree."""
    environment = Environment.create(tmp_path, version)
    source = unpacked(built, tmp_path)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if version == THIS:
        environment.unpack(built.wheel)
        words += ["-n", "0", *FEW]
    else:
        ensure_index(environment)
        for lock in ("run", "test"):
            environment.pip("install", "-r", str(source / f"requirements/{lock}.lock"))
        environment.install(built.wheel)
    done = environment.run("python", *words, folder=source, limit_s=SUITE_LIMIT_S)
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr


def test_another_source_distribution_can_be_made_of_it(built: Built, tmp_path: Path) -> None:
    """And the wheel of the second one is the wheel of the first: packagers build from the sdist."""
    (tmp_path / "again").mkdir()
    again = build(tmp_path / "again", unpacked(built, tmp_path))
    assert again.wheel.read_bytes() == built.wheel.read_bytes()
