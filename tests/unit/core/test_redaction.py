"""Passwords of servers are redacted, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking.core.command_line import replay_command
from booking.core.redaction import redacted
from booking.core.scenario import from_flags


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


def test_a_file_s_store_is_no_flag_of_the_command_that_repeats_it() -> None:
    """Compared as both are shown."""
    usual = from_flags({"store": "redis://me:s3cret@host/0", "tickets": 3})
    assert "--store" not in replay_command(usual.but(seed=1), Path("sale.toml"), usual)
