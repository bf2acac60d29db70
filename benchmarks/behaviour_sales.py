"""The purchases of the comparison: whose code, where it sells, and what the prototype needed."""

from __future__ import annotations

from typing import NamedTuple

ALCHEMY = "tests.support.alchemy_shop"
DJANGO = "tests.support.django_shop"
PSYCOPG = "tests.support.postgres_shop"


class Sale(NamedTuple):
    """A purchase function, and the prototype's classes for two buyers and for three."""

    label: str
    module: str
    function: str
    verdict: str
    on_postgres: bool = True
    prototype: tuple[str, str] = ("", "")
    check: str = "left"
    environment: tuple[tuple[str, str], ...] = ()


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
    Sale("SQLAlchemy, SQLite", ALCHEMY, "naive", "invalid", False, ("6", "90, 1 s")),
    Sale("  with_for_update, SQLite", ALCHEMY, "locked", "invalid", False, ("6", "90")),
    Sale("Django DEFERRED, SQLite", DJANGO, "saved", "valid", False, ("24", "40 s bound")),
    Sale("Django IMMEDIATE, SQLite", DJANGO, "saved", "valid", False, ("2", "6"),
         environment=(("TRANSACTION_MODE", "IMMEDIATE"),)),
]  # fmt: skip
