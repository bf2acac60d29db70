"""The distribution that `booking` is installed from, and another project's of the same folder.

On the index, `booking` is another project. Its package has our package's name, so that whatever
was installed last wrote its files over those of the other. `booking-workbench` is ours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution

DISTRIBUTION = "booking-workbench"
PACKAGE = "booking"  # what is imported; on the index, the name of another project
_OURS = DISTRIBUTION.replace("-", "_") + "-"
_RECORDS = (".dist-info", ".egg-info")


def install_command(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def problem(package: Path | None = None) -> str | None:
    """Return one line where another project's files lie among ours, or took the place of ours.

    A checkout has no records of installers beside it: there, only a folder is listed.
    """
    package = package or Path(__file__).parents[1]
    if other := _other_project(package.parent):
        return (
            f"another project, {other.name} {other.version}, is installed into the folder of ours, "
            f"{package}; uninstall both with: pip uninstall {other.name} {DISTRIBUTION}, "
            f"then install ours with: pip install {DISTRIBUTION}"
        )
    if is_overwritten():
        return (
            f"files of ours are missing from {package}; "
            f"install them anew with: pip install --force-reinstall --no-deps {DISTRIBUTION}"
        )
    return None


def is_overwritten() -> bool:
    """Return whether the package that was imported as `booking` is not ours."""
    return not hasattr(sys.modules.get(PACKAGE), "_MODULE_OF")


def _other_project(folder: Path) -> Distribution | None:
    """Return a distribution, not ours, that has files in a package `booking`."""
    for record in _records(folder):
        from importlib.metadata import PathDistribution

        other = PathDistribution(record)
        ours = other.name.replace("_", "-").lower() == DISTRIBUTION
        if not ours and any(file.parts[:1] == (PACKAGE,) for file in other.files or ()):
            return other
    return None


def _records(folder: Path) -> Iterator[Path]:
    """Yield what installers wrote: of all where our package is not ours, else of likely ones.

    To read all at each start would take longer than some commands.
    """
    begin = "" if is_overwritten() else PACKAGE
    try:
        names = os.listdir(folder)  # noqa: PTH208 - at each start: no object a name
    except OSError:
        return
    for name in names:
        if name.startswith(begin) and name.endswith(_RECORDS) and not name.startswith(_OURS):
            yield folder / name
