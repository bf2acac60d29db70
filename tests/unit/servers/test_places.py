"""A place gives a store, or a lock, a database of its own on a private server."""

from __future__ import annotations

import pickle
from pathlib import Path

import psycopg
import pytest
import redis

from booking.core.assembly import lock_at
from booking.core.protocols import Place
from booking.errors import InventoryError, UsageError
from booking.processes.forked_process import ForkedProcess
from booking.servers import postgres_databases
from booking.servers.recent_places import RecentPlaces

SCHEMA = "CREATE TABLE stock (left_ int); INSERT INTO stock VALUES (7)"


def stock(url: str) -> int:
    with psycopg.connect(url) as session:
        return session.execute("SELECT left_ FROM stock").fetchall()[0][0]


def taken(url: str) -> None:
    with psycopg.connect(url) as session:
        session.execute("UPDATE stock SET left_ = left_ - 1")


def place(folder: Path, name: str = "a") -> Place:
    return Place("", folder / name)


def test_each_place_has_a_database_and_keeps_it(tmp_path: Path) -> None:
    """What one sale does, another one does not see; a second call means the same database."""
    first, second = place(tmp_path), place(tmp_path, "b")
    taken(first.postgres(SCHEMA))
    assert stock(first.postgres(SCHEMA)) == 6
    assert stock(second.postgres(SCHEMA)) == 7


def test_a_schema_is_prepared_once(tmp_path: Path) -> None:
    """A function may take a minute, as the migrations of an application do."""
    urls: list[str] = []

    def migrate(url: str) -> None:
        urls.append(url)
        session = psycopg.connect(url, autocommit=True)  # and forgets to close it
        session.execute(SCHEMA)
        opened.append(session)

    opened: list[psycopg.Connection] = []
    assert [stock(place(tmp_path, name).postgres(migrate)) for name in "abc"] == [7, 7, 7]
    assert len(urls) == 1


def test_a_schema_that_fails_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"the schema fails: .*syntax error") as raised:
        place(tmp_path).postgres("CREATE NONSENSE x")
    assert len(str(raised.value).splitlines()) == 1


def test_databases_are_used_again_and_are_as_new_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exploration has thousands of places, and a database takes 7 MB."""
    monkeypatch.setattr(postgres_databases, "DATABASES", 2)
    monkeypatch.setattr(postgres_databases, "_places", {})
    urls = []
    for name in "abcd":
        urls.append(place(tmp_path, name).postgres(SCHEMA))
        assert stock(urls[-1]) == 7
        taken(urls[-1])
    assert len(set(urls)) == 2


def test_the_place_used_longest_ago_gives_its_database_up(tmp_path: Path) -> None:
    places = RecentPlaces(range(2))
    a, b, c = (tmp_path / name for name in "abc")
    assert [places.of(x) for x in (a, b, a, c)] == [(0, True), (1, True), (0, False), (1, True)]
    assert places.of(b) == (0, True)


def test_a_database_of_redis_is_empty_and_the_places_own(tmp_path: Path) -> None:
    """Another place has another number."""
    first, second = (redis.Redis.from_url(place(tmp_path, name).redis()) for name in "ab")
    with first, second:
        first.set("left", 3)
        assert second.get("left") is None
        assert first.get("left") == b"3"
    with redis.Redis.from_url(place(tmp_path, "a").redis()) as again:
        assert again.get("left") == b"3"


class ServerLock:
    """A lock whose constructor takes a place."""

    def __init__(self, place: Place) -> None:
        self.url, self.path = place.redis(), place.location

    def acquire(self, timeout_s: float) -> bool:
        return True

    def release(self) -> None: ...


def test_a_lock_that_takes_a_place_gets_one(tmp_path: Path) -> None:
    """Its location is the sidecar file; the server is that of the store."""
    name = f"{__name__}:ServerLock"
    lock = lock_at(name, tmp_path / "sale.lock", tmp_path / "a")
    assert isinstance(lock, ServerLock)
    assert (lock.url, lock.path) == (place(tmp_path).redis(), str(tmp_path / "sale.lock"))


class Asks:
    """Asks for a server in the process that uses it."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def ask(self) -> str:
        try:
            return self.place.redis()
        except UsageError as error:
            return str(error)


def test_a_buyers_process_is_told_to_ask_earlier(tmp_path: Path) -> None:
    """A server of its own would be a silent copy of the inventory."""
    copy = pickle.loads(pickle.dumps(Asks(place(tmp_path))))
    with ForkedProcess(copy) as process:
        assert "call it in the constructor" in process.call("ask")
    assert copy.ask().startswith("unix://")
