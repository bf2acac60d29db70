"""The databases of a Django project whose tests explore a purchase function.

Django's test runner and pytest-django make databases for tests, and change their names in the
settings of the process that tests. The interpreter that explores reads the settings anew, so it is
told those names. `--setup` deletes rows: it reaches databases that were made for tests only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from booking.errors import UsageError
from booking.servers.lent_postgres import lent_postgres

IN_MEMORY = (":memory:", "mode=memory")


def databases_in_use() -> dict[str, str] | None:
    """Return the database behind each alias of a Django project under test; None without one.

    Raise `UsageError` where the test holds a transaction open: no other process sees its rows.
    """
    if "django.db" not in sys.modules:
        return None
    from django.conf import settings
    from django.core import mail
    from django.db import connections

    if not settings.configured or not hasattr(mail, "outbox"):  # which each test run has
        return None
    for connection in connections.all():
        if connection.in_atomic_block:
            raise UsageError(
                "this test holds a transaction open, whose rows no other process sees; use the "
                "fixture transactional_db, or a TransactionTestCase"
            )
    return {one.alias: str(one.settings_dict["NAME"]) for one in connections.all()}


class DjangoDatabases:
    """The databases that a Django project uses in this process: those of the tests."""

    def __init__(self, in_use: Mapping[str, str] | None) -> None:
        self.made: set[str] = set()  # for the tests
        self._in_use = in_use
        self._used = False

    def set_up(self) -> None:
        """Set Django up, as the process that tests did; not where it has no settings module."""
        if self._in_use is not None and os.environ.get("DJANGO_SETTINGS_MODULE"):
            import django

            django.setup()
            self.use()

    def use(self) -> None:
        """Use the databases of the tests, once there are settings."""
        if self._in_use is None or self._used or "django.db" not in sys.modules:
            return
        from django.conf import settings
        from django.db import connections
        from django.db.backends import (
            signals,
        )

        if not settings.configured:
            return
        self._used = True
        for connection in connections.all():
            name = self._in_use.get(connection.alias)
            if name is not None and name != str(connection.settings_dict["NAME"]):
                connection.close()
                connection.settings_dict["NAME"] = name
                self.made.add(name)
        signals.connection_created.connect(self._connected)

    def _connected(self, connection: Any, **_: Any) -> None:
        """Refuse a database that was not made for the tests, or that is none but here."""
        name = str(connection.settings_dict["NAME"])
        if any(part in name for part in IN_MEMORY):
            raise UsageError(
                f"the test database of {connection.alias!r} is in memory, where no other process "
                "finds it; name a file in the settings: 'TEST': {'NAME': 'test.sqlite3'}"
            )
        private = connection.vendor == "postgresql" and lent_postgres() is not None
        if name not in self.made and not private:
            raise UsageError(
                f"--setup may delete rows, and {name} is no test database; use the fixture "
                "transactional_db in the test"
            )
