"""The path of an open file is found by /proc, or as on macOS."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from booking.system.descriptors import path_of


def test_the_path_of_an_open_file(tmp_path: Path) -> None:
    """As it was opened."""
    with (tmp_path / "data").open("w") as file:
        assert path_of(file.fileno()) == str(tmp_path / "data")


def test_without_proc_the_system_is_asked_by_fcntl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F_GETPATH fills a buffer that ends in a null byte; elsewhere there is no path."""

    def refuse(path: str) -> str:
        raise FileNotFoundError(path)

    def answer(fd: int, command: int, room: bytes) -> bytes:
        assert (fd, command) == (7, 50)
        return b"/shop/data".ljust(len(room), b"\0")

    monkeypatch.setattr(os, "readlink", refuse)
    assert path_of(7) == ""
    monkeypatch.setattr(fcntl, "F_GETPATH", 50, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", answer)
    assert path_of(7) == "/shop/data"
    assert path_of("/shop/data") == ""
