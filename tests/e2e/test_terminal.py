"""The program on a real terminal: a pseudo-terminal of 80 columns."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.screens import too_wide

STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(words: list[str], folder: Path, columns: int = 80) -> tuple[int, str]:
    """Run the program on a terminal; return its exit code, and what was printed."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "booking", *words],
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    printed = b""
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # every process has closed it
            break
        if not piece:
            break
        printed += piece
    os.close(ours)
    return process.wait(), printed.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_report_fits_the_terminal_and_has_colours(tmp_path: Path, columns: int) -> None:
    """The sign of the verdict is red, a command stands out, and no line is too wide."""
    words = ["simulate", "--buyers", "3", "--tickets", "2", "--schedule", "random", "--seed", "3"]
    code, printed = on_terminal(words, tmp_path, columns)
    assert code == 1
    assert "\x1b[1;31m✗ INVALID\x1b[0m" in printed
    assert "\x1b[36mbooking simulate" in printed
    assert too_wide(STYLE.sub("", printed), columns) == []
    assert max(map(len, STYLE.sub("", printed).splitlines())) > columns * 0.8


def test_an_error_breaks_between_words(tmp_path: Path) -> None:
    """The terminal would break a word; where it is no terminal an error is one line."""
    words = ["simulate", "--store", "/a-folder-that-is-not-there/with-a-file-in-it.json"]
    code, printed = on_terminal(words, tmp_path)
    assert code == 2
    assert printed.count("\n") == 2
    assert too_wide(printed, 80) == []
    piped = subprocess.run(
        [sys.executable, "-m", "booking", *words],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert piped.stderr.count("\n") == 1
    assert piped.stderr.split() == printed.split()
