"""Interpreters that lack what other systems lack: a `sitecustomize` for each, on their path."""

from __future__ import annotations

import os
from pathlib import Path

from tests.conftest import ROOT

HERE = Path(__file__).parent


def environment(system: str, *lacks: str) -> dict[str, str]:
    """Return the environment of a process on that system, or one that lacks only these calls."""
    path = os.pathsep.join([str(HERE / system), str(ROOT)])
    return {"PYTHONPATH": path, "LACKS": ",".join(lacks)}
