"""A private PostgreSQL for a user's own code, which finds it by the usual environment variables.

Programs that this process starts inherit the variables: they use the same server, and know that it
is private.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from booking.servers.extras import ensure_driver
from booking.servers.postgres import postgres_folder

FOLDER = "BOOKING_POSTGRES"  # the variable that names the folder of a lent server
DATABASE = "postgres"
USER = "booking"
MISLEADING = ("PGPORT", "PGPASSWORD", "PGSERVICE", "PGHOSTADDR", "PGOPTIONS")


def lend_postgres(deadlock_look_s: float) -> str:
    """Start a private server, set the environment for it, and return its folder.

    Its sessions look for deadlocks after `deadlock_look_s` of waiting.
    """
    ensure_driver("psycopg", "postgres")
    import psycopg

    folder = str(postgres_folder(durable=False))
    limit_ms = int(deadlock_look_s * 1000)
    with psycopg.connect(host=folder, user=USER, dbname=DATABASE, autocommit=True) as session:
        session.execute(f"alter role {USER} set deadlock_timeout = '{limit_ms}ms'".encode())
    os.environ |= {
        FOLDER: folder, "DATABASE_URL": _url(folder),
        "PGHOST": folder, "PGUSER": USER, "PGDATABASE": DATABASE,
    }  # fmt: skip
    for name in MISLEADING:
        os.environ.pop(name, None)
    return folder


def lent_postgres() -> str | None:
    """Return the folder of the private server that this process or its parent lent, if any."""
    folder = os.environ.get(FOLDER)
    return folder if folder is not None and Path(folder).is_dir() else None


def _url(folder: str) -> str:
    return f"postgresql://{USER}@/{DATABASE}?host={quote(folder, safe='')}"
