"""A folder that makes Python believe that booking is installed, with its pytest plugin.

The entry point is the one in `pyproject.toml`, whatever the environment's own metadata says.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from tests.support.workers import ROOT

GROUP = "pytest11"


def python_path(folder: Path) -> str:
    """Write the metadata into a folder; return the PYTHONPATH to give to pytest."""
    metadata = folder / "booking_workbench-0.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: booking-workbench\nVersion: 0\n"
    )
    (metadata / "RECORD").write_text("booking/__init__.py,,\n")  # pytest rewrites its assertions
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    points = [f"{name} = {value}\n" for name, value in project["entry-points"][GROUP].items()]
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{''.join(points)}")
    return os.pathsep.join([str(ROOT), str(folder)])
