"""The purchases of the comparison: whose code, where it sells, and what the prototype needed."""

from __future__ import annotations

from typing import Literal, NamedTuple

ALCHEMY = "tests.support.alchemy_shop"
DJANGO = "tests.support.django_shop"
PSYCOPG = "tests.support.postgres_shop"
REDIS = "tests.support.redis_shop"
FILES = "tests.support.file_shop"


class Sale(NamedTuple):
    """A purchase function, and the prototype's classes for two buyers and for three."""

    label: str
    module: str
    function: str
    verdict: str
    server: Literal["postgres", "redis"] | None = "postgres"
    prototype: tuple[str, str] = ("", "")
    check: str = "left"
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def peer(self) -> bool:
        """Whether frontrun is asked: it hears statements of SQL."""
        return self.module not in {REDIS, FILES}


SALES = [
    Sale("SQLAlchemy stock -= 1", ALCHEMY, "naive", "invalid", prototype=("10", "462, 10.5 s")),
    Sale("SQLAlchemy update().where()", ALCHEMY, "conditional", "valid",
         prototype=("4", "48, 1.0 s")),
    Sale("SQLAlchemy with_for_update", ALCHEMY, "locked", "valid", prototype=("6", "144, 3.6 s")),
    Sale("SQLAlchemy SERIALIZABLE", ALCHEMY, "isolated", "valid", prototype=("10", "666, 7-10 s")),
    Sale("Django save()", DJANGO, "saved", "invalid", prototype=("10", "462")),
    Sale("Django select_for_update", DJANGO, "locked", "valid", prototype=("6", "144")),
    Sale("Django filter().update(F)", DJANGO, "filtered", "valid", prototype=("2", "6")),
    Sale("psycopg seat by LIMIT 1", PSYCOPG, "seat", "invalid", prototype=("4", ""),
         check="seats_left"),
    Sale("psycopg SKIP LOCKED", PSYCOPG, "seat_skip_locked", "valid", check="seats_left"),
    Sale("SQLAlchemy, SQLite", ALCHEMY, "naive", "invalid", None, ("6", "90, 1 s")),
    Sale("  with_for_update, SQLite", ALCHEMY, "locked", "invalid", None, ("6", "90")),
    Sale("Django DEFERRED, SQLite", DJANGO, "saved", "valid", None, ("24", "40 s bound")),
    Sale("Django IMMEDIATE, SQLite", DJANGO, "saved", "valid", None, ("2", "6"),
         environment=(("TRANSACTION_MODE", "IMMEDIATE"),)),
    Sale("Redis GET, SET", REDIS, "get_set", "invalid", "redis", ("4", "36")),
    Sale("Redis GET, DECR", REDIS, "get_decr", "invalid", "redis", ("4", "36")),
    Sale("Redis Lua", REDIS, "script", "valid", "redis", ("2", "6")),
    Sale("Redis WATCH", REDIS, "watched", "valid", "redis", ("6", "804")),
    Sale('files: json, open("w")', FILES, "naive", "invalid", None, ("10", "255")),
    Sale("files: flock, replace", FILES, "flocked", "valid", None, ("2", "6")),
    Sale("files: filelock, replace", FILES, "filelocked", "valid", None, ("2", "6")),
]  # fmt: skip
