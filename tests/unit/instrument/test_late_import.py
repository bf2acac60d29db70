"""`late_import`: what is done when a library is imported."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from booking.instrument.late_import import once_imported


def test_it_is_done_behind_the_import_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library is whole by then, and its importer has not gone on."""
    (tmp_path / "late_library.py").write_text("ready = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    finders = list(sys.meta_path)
    done: list[bool] = []
    once_imported("late_library", lambda: done.append(sys.modules["late_library"].ready))
    assert done == []
    importlib.import_module("late_library")
    importlib.import_module("late_library")
    assert (done, sys.meta_path) == ([True], finders)
    once_imported("late_library", lambda: done.append(False))  # it is there already
    assert done == [True, False]
    del sys.modules["late_library"]
