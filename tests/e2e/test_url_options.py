"""Options of a store's URL: nonsense in them is wrong usage, for each command that takes a URL."""

from __future__ import annotations

import pytest

from booking.errors import ExitCode
from tests.conftest import Program

URLS = (
    "redis://127.0.0.1:1/0?retry=1",
    "redis://127.0.0.1:1/0?socket_timeout=-1",
    "rediss://127.0.0.1:1/0?ssl_min_version=x",
    "postgresql://127.0.0.1:1/db?keepalives=x",
    "postgresql://127.0.0.1:1/db?retry=1",
    "postgresql://127.0.0.1:1/db?connect_timeout=é",
)
COMMANDS = {
    "simulate": ("simulate", "--buyers", "2", "--tickets", "3", "--store"),
    "search": ("search", "--store"),
    "buy": ("buy", "--store"),
    "reset": ("reset", "--tickets", "3", "--store"),
    "bench": ("bench", "--guards", "none", "--buyers", "1", "--rounds", "1", "--stores"),
    "matrix": ("matrix", "--guards", "none", "--trials", "1", "--stores"),
    "explore": ("explore", "--store"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_makes_no_sense_is_wrong_usage(program: Program, command: str) -> None:
    """One line, and no defect of booking; nothing is connected to by then."""
    for url in URLS:
        result = program(*COMMANDS[command], url)
        assert result.returncode == ExitCode.USAGE, (url, result.stderr)
        assert result.stderr.startswith("booking: ")
        assert result.stderr.count("\n") == 1, result.stderr


@pytest.mark.parametrize("url", ["json:d.json?retry=1", "sqlite:d.db?mode=ro", "sqlite:file:x?a=b"])
def test_the_name_of_a_file_has_no_options(program: Program, url: str) -> None:
    """A question mark is a character of it, and the same file is found by each command."""
    assert program("reset", "--tickets", "2", "--store", url).returncode == 0
    assert program("search", "--store", url).stdout.startswith("2 ")
    assert program("buy", "--store", url).returncode == 0
    assert program("search", "--store", url).stdout.startswith("1 ")
