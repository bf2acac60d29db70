"""Build with flit, from a copy of the tree whose README has links that lead somewhere on an index.

In a checkout the links of README are paths. An index shows README without the files beside it, so
the build puts the address of the repository before each path: `Source` in `[project.urls]`.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flit_core import buildapi

build_editable = buildapi.build_editable  # of the checkout itself: the paths of its README stay
prepare_metadata_for_build_editable = buildapi.prepare_metadata_for_build_editable
get_requires_for_build_editable = buildapi.get_requires_for_build_editable
get_requires_for_build_sdist = buildapi.get_requires_for_build_sdist
get_requires_for_build_wheel = buildapi.get_requires_for_build_wheel

README = "README.md"
SOURCES = ("pyproject.toml", README, "LICENSE", "booking")
LINK = re.compile(r"\]\((?![a-z]+:|#)([^)\s]+)\)")


def absolute(text: str, source: str) -> str:
    """Return a page with its relative links below the address of the repository."""
    return LINK.sub(rf"]({source}/blob/main/\1)", text)


def prepare_metadata_for_build_wheel(folder: str, settings: Any = None) -> str:
    """Write the metadata of the wheel; return the name of its folder."""
    folder = os.path.abspath(folder)  # noqa: PTH100 - links stay
    with _tree_for_an_index():
        name: str = buildapi.prepare_metadata_for_build_wheel(folder, settings)
    return name


def build_wheel(folder: str, settings: Any = None, metadata: str | None = None) -> str:
    """Build the wheel; return its file name."""
    folder = os.path.abspath(folder)  # noqa: PTH100 - links stay
    with _tree_for_an_index():
        name: str = buildapi.build_wheel(folder, settings, metadata)
    return name


def build_sdist(folder: str, settings: Any = None) -> str:
    """Build the source distribution; return its file name."""
    folder = os.path.abspath(folder)  # noqa: PTH100 - links stay
    with _tree_for_an_index(*_included()):
        name: str = buildapi.build_sdist(folder, settings)
    return name


@contextmanager
def _tree_for_an_index(*more: str) -> Iterator[None]:
    """Change into a copy of what is built; flit refuses links that lead out of the tree."""
    root = Path.cwd()
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    with TemporaryDirectory(prefix="booking-build-") as folder:
        for name in (*SOURCES, *more):
            _copy(root / name, Path(folder, name))
        readme = Path(folder, README)
        text = readme.read_text(encoding="utf-8")
        source = settings["project"]["urls"]["Source"]
        readme.write_text(absolute(text, source), encoding="utf-8")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(root)


def _included() -> list[str]:
    """Return what the source distribution has besides."""
    settings = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    names: list[str] = settings["tool"]["flit"]["sdist"]["include"]
    return names


def _copy(path: Path, target: Path) -> None:
    """Copy a file or a folder, without what Python or a tool left in it."""
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    elif path.exists():
        shutil.copy2(path, target)
