"""Passwords of servers: in no error, no report, no document and no file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from booking.core.redaction import redacted
from booking.core.scenario import from_flags
from booking.experiments.sale import replay_command
from booking.servers.postgres import private_postgres
from tests.conftest import ROOT

Program = Callable[..., CompletedProcess[str]]
SECRET = "s3cret"
DEAD = "127.0.0.1:1"


@pytest.mark.parametrize(
    "url, shown",
    [
        ("postgresql://admin:s3cret@host/db", "postgresql://admin:***@host/db"),
        ("redis://:s3cret@host:6379/0", "redis://:***@host:6379/0"),
        ("rediss://me:p@s3cret/s3cret@host/0", "rediss://me:***@host/0"),
        ("redis://host/0?password=s3cret&db=1", "redis://host/0?password=***&db=1"),
        ("redis://host/0?ssl_password=s3cret", "redis://host/0?ssl_password=***"),
        ("my.shop:Store:mysql://me:s3cret@host/db", "my.shop:Store:mysql://me:***@host/db"),
        ("postgresql://booking@host:5432/db?host=/tmp/x", None),
        ("redis://127.0.0.1:6379/0", None),
        ("json:data.json", None),
        ("sqlite:///data.db", None),
    ],
)
def test_a_password_is_shown_as_stars_and_nothing_else_is(url: str, shown: str | None) -> None:
    """Redacting twice changes nothing more."""
    assert redacted(url) == (shown or url)
    assert redacted(redacted(url)) == redacted(url)
    assert redacted(f"lost {url}: a@b") == f"lost {shown or url}: a@b"


def test_what_a_driver_quotes_of_a_password_is_redacted() -> None:
    """It cuts one with unwritable signs into pieces, and complains of a piece."""
    url = "postgresql://me:s3cret@pass%20word@host/db"
    quoted = 'no host "s3cret@host", nor "pass word"'
    assert redacted(quoted, url) == 'no host "***@host", nor "***"'
    assert redacted("s3cretary", url) == "s3cretary"


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
        f"tests.unit.core.test_redaction:Failing:x://user:{SECRET}@{DEAD}/0",
    ],
)
def test_no_error_shows_it(program: Program, url: str) -> None:
    """Of a missing server, of a URL that cannot be parsed, of a user's own store."""
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
    """A store of a user, which shows all that it knows."""

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
    assert "store postgresql://booking:***@/" in told.stdout
    assert "--store 'postgresql://booking:***@/" in told.stdout
    document = program(*words, "--json")
    assert json.loads(document.stdout)["store"].startswith("postgresql://booking:***@/")
    written = (tmp_path / "sale.jsonl").read_text()
    assert json.loads(written.splitlines()[0])["value"]["store"].startswith("postgresql://booking:")
    by_hand = program("search", "--store", url, "--json")
    assert json.loads(by_hand.stdout)["remaining"] == 0
    for text in (told.stdout, document.stdout, written, by_hand.stdout, by_hand.stderr):
        assert SECRET not in text


def test_a_file_s_store_is_no_flag_of_the_command_that_repeats_it() -> None:
    """Compared as both are shown."""
    usual = from_flags({"store": "redis://me:s3cret@host/0", "tickets": 3})
    assert "--store" not in replay_command(usual.but(seed=1), Path("sale.toml"), usual)
