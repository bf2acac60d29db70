"""Purchases by pools of SQLAlchemy whose connections are opened before the buyers are forked.

`POOL` names the pool; `KEPT` keeps a connection checked out from import or `--init` on.
"""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import Connection, create_engine, pool, text

URL = os.environ.get("DATABASE_URL", "sqlite:///shop.db")
POOLS: dict[str, dict[str, Any]] = {
    "queue": {"poolclass": pool.QueuePool},
    "one": {"poolclass": pool.QueuePool, "pool_size": 1, "max_overflow": 0},
    "pinged": {"poolclass": pool.QueuePool, "pool_pre_ping": True},
    "static": {"poolclass": pool.StaticPool},
    "none": {"poolclass": pool.NullPool},
}
chosen = POOLS[os.environ.get("POOL", "queue")]
engine = create_engine(URL.replace("postgresql://", "postgresql+psycopg://"), **chosen)
kept: list[Connection] = []


def opened() -> None:
    """Open a connection, which the pool then has."""
    with engine.connect() as line:
        line.execute(text("SELECT 1"))


def opened_and_kept() -> None:
    kept.append(engine.connect())
    kept[0].execute(text("SELECT 1"))
    kept[0].commit()


if os.environ.get("OPENED") == "import":
    opened()
elif os.environ.get("OPENED") == "kept":
    opened_and_kept()


def setup() -> None:
    with engine.begin() as line:
        line.execute(text("CREATE TABLE IF NOT EXISTS event (stock INT)"))
        line.execute(text("DELETE FROM event"))
        line.execute(text("INSERT INTO event VALUES (1)"))


def left() -> int:
    with engine.connect() as line:
        return int(line.execute(text("SELECT stock FROM event")).scalar_one())


def _taken(line: Connection) -> bool:
    return bool(line.execute(text("UPDATE event SET stock = stock - 1 WHERE stock >= 1")).rowcount)


def _read_and_write(line: Connection) -> bool:
    stock = int(line.execute(text("SELECT stock FROM event")).scalar_one())
    if stock < 1:
        return False
    line.execute(text("UPDATE event SET stock = :stock"), {"stock": stock - 1})
    return True


def buy() -> bool:
    with engine.begin() as line:
        return _taken(line)


def buy_wrong() -> bool:
    with engine.begin() as line:
        return _read_and_write(line)


def buy_by_it() -> bool:
    with kept[0].begin():
        return _taken(kept[0])


def buy_by_it_wrong() -> bool:
    with kept[0].begin():
        return _read_and_write(kept[0])
