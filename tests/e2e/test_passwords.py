"""Passwords of servers: in no error, no report, no document and no file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from booking.servers.postgres import private_postgres
from tests.conftest import ROOT

Program = Callable[..., CompletedProcess[str]]
SECRET = "s3cret"
DEAD = "127.0.0.1:1"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://admin:{SECRET}@{DEAD}/db",
        f"postgresql://{DEAD}/db?user=admin&password={SECRET}",
        f"postgresql://admin:{SECRET}@x@{DEAD}/db",
        f"postgresql://admin:%zz{SECRET}@{DEAD}/db",
        f"redis://user:{SECRET}@{DEAD}/0",
        f"redis://{DEAD}/0?password={SECRET}",
        f"redis://user:{SECRET}/x@{DEAD}/0",
        f"rediss://user:{SECRET}@{DEAD}/0",
        f"mysql://user:{SECRET}@{DEAD}/0",
        f"tests.e2e.test_passwords:Failing:x://user:{SECRET}@{DEAD}/0",
    ],
)
def test_no_error_shows_it(program: Program, url: str) -> None:
    """Of a server that is not there, of a URL that cannot be read, of a buyer's own store."""
    here = str(ROOT)
    commands = (
        ("search", "--store", url),
        ("simulate", "--store", url, "--tickets", "3"),
        ("explore", "--store", url),
        ("bench", "--stores", url),
        ("matrix", "--stores", url),
    )
    for words in commands:
        done = program(*words, PYTHONPATH=here)
        assert (done.returncode != 0, done.stderr.count("\n")) == (True, 1), done
        assert SECRET not in done.stdout + done.stderr


class Failing:
    """A store of a buyer's own, which says all that it knows."""

    def __init__(self, place: object) -> None:
        self.place = place

    def reset(self, tickets: int) -> None:
        raise OSError(f"cannot reach {self.place}")

    def read(self) -> int:
        raise OSError(f"cannot reach {self.place}")

    def write(self, remaining: int) -> None:
        pass

    def close(self) -> None:
        pass


def test_neither_report_nor_document_nor_history_shows_it(program: Program, tmp_path: Path) -> None:
    """The sale itself is given the password."""
    folder = dict(word.split("=") for word in private_postgres(durable=False).split())["host"]
    url = f"postgresql://booking:{SECRET}@/postgres?host={folder}"
    words = ("simulate", "--store", url, "--tickets", "3", "--guard", "atomic", "--no-control")
    told = program(*words, "--history", "sale.jsonl")
    assert told.returncode == 0, told
    assert "store postgresql://booking:***@/" in " ".join(told.stdout.split())
    assert "--store 'postgresql://booking:***@/" in told.stdout
    document = program(*words, "--json")
    assert json.loads(document.stdout)["store"].startswith("postgresql://booking:***@/")
    written = (tmp_path / "sale.jsonl").read_text()
    assert json.loads(written.splitlines()[0])["value"]["store"].startswith("postgresql://booking:")
    by_hand = program("search", "--store", url, "--json")
    assert json.loads(by_hand.stdout)["remaining"] == 0
    for text in (told.stdout, document.stdout, written, by_hand.stdout, by_hand.stderr):
        assert SECRET not in text
