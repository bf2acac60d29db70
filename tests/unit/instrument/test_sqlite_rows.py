"""Whether `executemany` of sqlite3 is one transaction, or one for each row."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from booking.instrument.sqlite import LEGACY, _commits_alone


@pytest.mark.parametrize("autocommit, level, within, alone", [
    (None, None, False, True),
    (None, None, True, False),
    (None, "", False, False),
    (LEGACY, None, False, True),
    (LEGACY, "", False, False),
    (True, "", False, True),
    (True, "", True, False),
    (False, None, True, False),
])  # fmt: skip
def test_who_begins_a_transaction(
    autocommit: int | None, level: str | None, within: bool, alone: bool
) -> None:
    """`autocommit` of Python 3.12 comes before `isolation_level`."""
    connection: Any = SimpleNamespace(isolation_level=level, in_transaction=within)
    if autocommit is not None:
        connection.autocommit = autocommit
    assert _commits_alone(connection) is alone
