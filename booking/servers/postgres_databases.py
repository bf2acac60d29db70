"""A database for each place on the private PostgreSQL: a copy of one that was prepared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from booking.errors import InventoryError
from booking.servers.extras import ensure_driver
from booking.servers.postgres import postgres_folder
from booking.servers.recent_places import RecentPlaces

if TYPE_CHECKING:
    from psycopg import Connection

Schema = str | Callable[[str], object] | None

DATABASES = 16  # of one schema at a time: each takes 7 MB
EMPTY = "template0"


def private_database(place: Path, schema: Schema, *, durable: bool) -> str:
    """Return the URL of a place's own database; prepare the schema at the first call."""
    ensure_driver("psycopg", "postgres")
    folder = postgres_folder(durable=durable)
    template = _template(folder, schema)
    names = [f"{template}_{number}" for number in range(DATABASES)]
    places = _places.setdefault((folder, template), RecentPlaces(names))
    name, new = places.of(place)
    if new:
        _copy(folder, template if schema is not None else EMPTY, name)
    return _url(folder, name)


def _template(folder: Path, schema: Schema) -> str:
    """Return the name of the database with a schema; make it at the first call."""
    key = (folder, schema)
    if (name := _templates.get(key)) is not None:
        return name
    name = f"booking_{sha256(_text(schema).encode()).hexdigest()[:12]}_{len(_templates)}"
    if schema is not None:
        _copy(folder, EMPTY, name)
        _prepare(_url(folder, name), schema)
    _templates[key] = name
    return name


def _prepare(url: str, schema: str | Callable[[str], object]) -> None:
    if not isinstance(schema, str):
        schema(url)
        return
    import psycopg

    try:
        with psycopg.connect(url, autocommit=True) as session:
            session.execute(schema.encode())
    except psycopg.Error as error:
        problem = " ".join(str(error).split())
        raise InventoryError(f"place.postgres: the schema fails: {problem}") from None


def _copy(folder: Path, template: str, name: str) -> None:
    """Make a database from a template, in place of what an earlier place left."""
    with _session(folder) as session:
        session.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        # What prepared a template may still be connected: a copy needs it alone.
        session.execute(
            b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (template,),
        )
        session.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())


def _session(folder: Path) -> Connection[Any]:
    import psycopg

    return psycopg.connect(_url(folder, "postgres"), autocommit=True)


def _url(folder: Path, name: str) -> str:
    return f"postgresql://booking@/{name}?host={quote(str(folder), safe='')}"


def _text(schema: Schema) -> str:
    if schema is None or isinstance(schema, str):
        return schema or ""
    return f"{inspect.getmodule(schema)}:{getattr(schema, '__qualname__', schema)}"


_templates: dict[tuple[Path, Schema], str] = {}
_places: dict[tuple[Path, str], RecentPlaces[str]] = {}
