"""The wheel and the source distribution have what they need, and nothing else."""

from __future__ import annotations

import re
import tarfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from booking.core.shipped_scenarios import FOLDER
from booking.system.distribution import DISTRIBUTION
from tests.conftest import ROOT
from tests.support.distributions import Built

SOURCE = "https://github.com/booking-workbench/booking-workbench"
LEFT_BY_TOOLS = re.compile(r"__pycache__|\.pyc$|/\.(git|venv|tools|\w+_cache|hypothesis)/|/build/")


@pytest.fixture(scope="module")
def wheel(built: Built) -> dict[str, bytes]:
    with ZipFile(built.wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def sdist(built: Built) -> dict[str, bytes]:
    with tarfile.open(built.sdist) as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        return {name.partition("/")[2]: file.read() for name, file in files.items() if file}


@pytest.fixture(scope="module")
def metadata(wheel: dict[str, bytes]) -> Message:
    (text,) = [wheel[name] for name in wheel if name.endswith("dist-info/METADATA")]
    return Parser().parsestr(text.decode())


def in_tree(folder: str) -> set[str]:
    """Return the files of a folder of this tree, without what tools left."""
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    names = {str(path.relative_to(ROOT)) for path in paths}
    return {name for name in names if not LEFT_BY_TOOLS.search(f"/{name}")}


def test_the_wheel_is_the_package_and_what_it_reads(wheel: dict[str, bytes]) -> None:
    """Scenarios, the marker of types and the benchmark's C code, and no test."""
    package = {name for name in wheel if ".dist-info/" not in name}
    assert package == in_tree("booking")
    assert {"booking/py.typed", "booking/bench/baseline.c"} <= package
    assert wheel["booking/py.typed"] == b""
    assert sum(name.startswith("booking/scenarios/") for name in package) >= 19


def test_the_scenarios_of_the_tree_are_those_of_the_package() -> None:
    """`scenarios` is a link; an unpacked source distribution has a copy."""
    files = {path.name: path.read_bytes() for path in (ROOT / "scenarios").iterdir()}
    assert files == {path.name: path.read_bytes() for path in FOLDER.iterdir()}


@pytest.mark.parametrize(
    "folder", ["booking", "tests", "docs", "changes", "benchmarks", "requirements", "tools"]
)
def test_the_source_distribution_has_all_that_the_tests_read(
    folder: str, sdist: dict[str, bytes]
) -> None:
    """Whole folders: a file that is missing would fail a test of theirs only."""
    packed = {name for name in sdist if name.startswith(f"{folder}/")}
    assert packed == in_tree(folder)


def test_neither_has_what_a_tool_left(sdist: dict[str, bytes], wheel: dict[str, bytes]) -> None:
    """No compiled file, no cache, no environment."""
    assert [name for name in (*sdist, *wheel) if LEFT_BY_TOOLS.search(f"/{name}")] == []
    assert LEFT_BY_TOOLS.search("/booking/__pycache__/errors.cpython-311.pyc")


def test_the_metadata_name_ours_and_not_the_other_project(metadata: Message) -> None:
    """The name, the extras, the versions of Python, and addresses."""
    assert metadata["Name"] == DISTRIBUTION
    assert set(metadata.get_all("Provides-Extra", [])) >= {"postgres", "redis", "test"}
    versions = {
        line.rpartition(" ")[2]
        for line in metadata.get_all("Classifier", [])
        if re.search(r":: 3\.\d+$", line)
    }
    assert {"3.11", "3.12", "3.13"} <= versions
    addresses = [line.partition(", ")[2] for line in metadata.get_all("Project-URL", [])]
    assert addresses
    assert all(address.startswith(SOURCE) for address in addresses)


def test_the_links_of_readme_work_on_an_index(metadata: Message, sdist: dict[str, bytes]) -> None:
    """An index shows the page without the files beside it; the checkout keeps its paths."""
    for page in (metadata.get_payload(), sdist["PKG-INFO"].decode(), sdist["README.md"].decode()):
        assert isinstance(page, str)
        targets = re.findall(r"\]\(([^)\s]+)\)", page)
        assert len(targets) > 10
        assert [target for target in targets if not target.startswith(f"{SOURCE}/")] == []
        paths = [target.removeprefix(f"{SOURCE}/blob/main/") for target in targets]
        assert [path for path in paths if not (ROOT / path.partition("#")[0]).exists()] == []


def test_the_other_projects_name_is_never_what_is_to_be_installed() -> None:
    """Each hint and page installs ours; there is one constant for all of them."""
    wrong = re.compile(r"pip install [^\n`]*?['\" ]booking(?!-workbench)\b[\['\" `\n]")
    assert wrong.search("pip install 'booking[postgres]'")
    assert wrong.search("pip install -U booking\n")
    folders = ("booking", "docs", "changes")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in (*files, *ROOT.glob("*.md"), ROOT / "Makefile"):
        if path.suffix in {".py", ".md", ".c", ".toml", ""}:
            assert not wrong.search(path.read_text()), path
    code = [path for path in (ROOT / "booking").rglob("*.py") if DISTRIBUTION in path.read_text()]
    assert [path.name for path in code] == [Path("distribution.py").name]
