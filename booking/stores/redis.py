"""`redis`: keys of a Valkey or Redis server: a private one, or the user's by URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from msgspec import structs

from booking.core.protocols import Place
from booking.core.redaction import redacted
from booking.core.steps import saw, step
from booking.errors import InventoryError, UnavailableError, UncertainError
from booking.servers.extras import ensure_driver
from booking.stores.common import redis_scripts as scripts
from booking.stores.common.connection_cache import cache_connection, cached_connection
from booking.stores.common.database import (
    DatabaseStore,
    ensure_pool_fits,
    not_durable,
    sendable,
    shares,
)
from booking.stores.common.redis_lines import limited
from booking.stores.common.redis_url import ensure_options
from booking.stores.common.run_lock import SALE, in_use
from booking.stores.common.silence import CONNECT_S, STATEMENT_S

if TYPE_CHECKING:
    from redis import Redis, RedisError

TOKENS_A_COMMAND = 1000


class RedisStore(DatabaseStore["Redis"]):
    """A key of a Valkey or Redis server; without a URL on a private one of its own."""

    unpicklable = ("_watching",)

    shared = True
    torn_reads = False
    resource = "inventory"

    _watching: Any = None  # the pipeline that watches what `read_versioned` read

    def __init__(self, place: Place) -> None:
        ensure_driver("redis", "redis")
        self.location = place.location
        self.durable = place.durable
        sale = "sale" if place.location else sendable(place.scratch)
        self._keys = tuple(f"booking:{{{sale}}}:{name}" for name in scripts.KEYS)
        self._remaining, self._version, self._pool, self._shards = self._keys[:4]
        bare = place.location.startswith("//")  # or the whole URL, where that says rediss
        self._server = f"redis:{place.location}" if bare else place.location

    def prepare(self) -> None:
        """Raise `InventoryError` where a sale shall be durable and the user's server is not.

        A server that keeps its settings to itself is taken at its owner's word.
        """
        if not (self.durable and self.location):
            return
        import redis

        with self._errors(write=False):
            try:
                settings = self.own().config_get("append*")
            except redis.ResponseError:
                return
        lacking = {"appendonly": "yes", "appendfsync": "always"}.items() - settings.items()
        if lacking:
            name = min(name for name, _ in lacking)
            raise not_durable(self._url(), f"{name} {settings.get(name)}")

    def reset(self, tickets: int) -> None:
        """Make the inventory hold `tickets`, all in one counter."""
        self._call("DEL", *self._keys, write=True)
        self._call("SET", self._remaining, tickets, write=True)

    def write(self, remaining: int) -> None:
        """Replace the count."""
        step("write", self.resource, remaining)
        self._script(scripts.SET, remaining)

    def take(self, quantity: int) -> int | None:
        """Take tickets if there are enough, in one script."""
        step("take", self.resource)
        return self._number_seen(scripts.TAKE, quantity)

    def add(self, delta: int) -> int:
        """Add to the count with INCRBY, which checks nothing."""
        step("add", self.resource, delta)
        after = int(self._script(scripts.ADD, delta))
        saw(after)
        return after

    def read_versioned(self) -> tuple[int, int]:
        """Watch the keys, then read them: the server notices every later change."""
        step("read", self.resource)
        with self._errors(write=False):
            self._unwatch()
            self._watching = self.own().pipeline()
            self._watching.watch(*self._keys[:2])
            remaining, version = self._watching.mget(self._keys[:2])
        if remaining is None:
            raise self._missing()
        saw(int(remaining))
        return int(remaining), int(version or 0)

    def compare_and_set(self, version: int, remaining: int) -> bool:
        """Write in a transaction that the server drops if a watched key has changed."""
        step("compare-and-set", self.resource, remaining)
        pipeline, self._watching = self._watching, None
        with self._errors(write=True):
            try:
                pipeline.multi()
                pipeline.set(self._remaining, remaining)
                pipeline.incr(self._version)
                done = _executed(pipeline)
            finally:
                pipeline.reset()
        saw(int(done))
        return done

    def open_pool(self) -> None:
        """Make a token of each ticket that is left."""
        self.gather()
        count = self._count()
        ensure_pool_fits(count)
        seats = range(1, count + 1)
        chunks = [seats[at : at + TOKENS_A_COMMAND] for at in range(0, count, TOKENS_A_COMMAND)]
        self._transaction(
            *(("RPUSH", self._pool, *chunk) for chunk in chunks), ("SET", self._remaining, 0),
            write=True,
        )  # fmt: skip

    def claim(self, buyer: int, quantity: int) -> int | None:
        """Take the highest tokens, all or none: RPOP, which takes them in a counter's order."""
        step("claim", self.resource)
        return self._number_seen(scripts.CLAIM, quantity)

    def split(self, shards: int) -> None:
        """Spread the tickets that are left over several counters."""
        self.gather()
        counters = [
            word for pair in enumerate(shares(self._count(), shards)) for word in pair
        ]  # shard, its tickets, shard, its tickets, …
        self._transaction(
            ("HSET", self._shards, *counters), ("SET", self._remaining, 0), write=True
        )

    def take_from(self, shard: int, quantity: int) -> int | None:
        """Take from one counter, if it has enough."""
        step("take", self.resource)
        return self._number_seen(scripts.TAKE_FROM, shard, quantity)

    def take_across(self, quantity: int) -> bool:
        """Take from all counters together."""
        step("take", self.resource)
        return self._done(scripts.TAKE_ACROSS, quantity)

    def gather(self) -> None:
        """Bring the tickets back from pool and shards into the one counter."""
        if self._script(scripts.GATHER) is None:
            raise self._missing()

    def take_lease(self, owner: int, lease_s: float) -> int | None:
        """Take the right to write if it is free: a key that expires by the server's clock."""
        step("acquire", f"{self.resource}.lease", owner)
        token = self._script(scripts.TAKE_LEASE, max(1, int(lease_s * 1000)))
        saw(int(token is not None))
        return None if token is None else int(token)

    def write_fenced(self, remaining: int, token: int) -> bool:
        """Write unless a higher token was issued, in one script."""
        step("write", self.resource, remaining)
        return self._done(scripts.SET_FENCED, remaining, token)

    def give_back(self, token: int) -> None:
        """End the lease, unless another buyer has taken it since."""
        step("release", f"{self.resource}.lease")
        self._script(scripts.END_LEASE, token)

    def snapshot(self) -> tuple[object, ...]:
        """Return all that buyers share, in one transaction."""
        counts, pool, shards = self._transaction(
            ("MGET", *self._keys[:2]), ("LRANGE", self._pool, 0, -1), ("HGETALL", self._shards),
            write=False,
        )  # fmt: skip
        return tuple(counts), tuple(pool), tuple(sorted(shards.items()))

    def connect(self) -> None:
        """Connect this process: the client connects at its first command."""
        self._call("PING", write=False)

    def answers(self, timeout_s: float) -> bool:
        """Send PING on a connection of its own; a server that refuses it answers, too."""
        import redis

        try:
            self._client(timeout_s).ping()
        except redis.ResponseError:
            return True
        except redis.RedisError:
            return False
        return True

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold a connection whose name says so; the server forgets it with the connection.

        Two that come in the same moment see each other, and neither gets the inventory: that errs
        on the safe side (CLIENT SETNAME, CLIENT LIST).
        """
        with self._errors(write=False):
            line: Redis = self._client().client()  # type: ignore[no-untyped-call]  # one connection
        try:
            with self._errors(write=False):
                other = _other_of_that_name(line, f"sale-of-{self._remaining}")
            if other is not None:
                raise in_use(self._url(), structs.replace(SALE, pid=other))
            yield
        finally:
            line.close()
            line.connection_pool.disconnect()

    def open_own(self) -> Redis:
        """Take an idle client from the cache, or make one that connects at its first command."""
        idle = cached_connection(self._address())
        return self._client() if idle is None else cast("Redis", idle)

    def close_own(self, own: Redis) -> None:
        """Hand the client to the cache, or close it."""
        with suppress(Exception):  # the driver's own errors: the server is gone
            self._unwatch()
            if not cache_connection(self._server, own):
                own.close()

    def _unwatch(self) -> None:
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.reset()

    def _address(self) -> str:
        """Return the server's URL; start the private server where the user named none."""
        if not self._server:
            from booking.servers.valkey import private_valkey

            self._server = private_valkey(durable=self.durable)
        return self._server

    def _client(self, answer_s: float | None = None) -> Redis:
        """Return a client that has not connected yet."""
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        try:
            ensure_options(self._address())
            client = redis.Redis.from_url(
                self._address(), socket_timeout=answer_s or STATEMENT_S,
                retry=Retry(NoBackoff(), 0),  # sent once: a second time might sell twice
            )  # fmt: skip
            pool = client.connection_pool
            pool.connection_class(**pool.connection_kwargs)  # refuses an option of the URL
            limited(client, CONNECT_S)
            return client
        except (ValueError, TypeError, redis.RedisError) as error:
            problem = redacted(str(error), self._server)
            raise InventoryError(f"{self._url()}: {problem}; write redis://host:6379/0") from None

    # Commands.

    def _count(self) -> int:
        count = self._script(scripts.COUNT)
        if count is None:
            raise self._missing()
        return int(count)

    def _number_seen(self, script: str, *values: object) -> int | None:
        """Run a script that answers with a number, or with nothing."""
        number = self._script(script, *values)
        saw(number)
        return None if number is None else int(number)

    def _done(self, script: str, *values: object) -> bool:
        """Run a conditional script; return whether it changed anything."""
        done = int(self._script(script, *values))
        saw(done)
        return bool(done)

    def _script(self, script: str, *values: object) -> Any:
        write = script not in scripts.READ_ONLY
        return self._call("EVAL", script, len(self._keys), *self._keys, *values, write=write)

    def _call(self, *words: object, write: bool) -> Any:
        with self._errors(write=write):
            return self.own().execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py's

    def _transaction(self, *commands: tuple[object, ...], write: bool) -> list[Any]:
        """Run commands between MULTI and EXEC; return their answers."""
        with self._errors(write=write):
            pipeline = self.own().pipeline()
            for words in commands:
                pipeline.execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py's
            return list(pipeline.execute())

    # Errors.

    def _errors(self, *, write: bool) -> _Errors:
        return _Errors(self, write)

    def _meaning(self, error: RedisError, write: bool) -> InventoryError:
        """Return the error for a failed command; uncertain where it may have taken effect."""
        import redis

        problem = redacted(" ".join(str(error).split()), self._server)
        if isinstance(error, redis.ResponseError):
            empty = scripts.EMPTY in problem
            return self._missing() if empty else InventoryError(f"{self._url()}: {problem}")
        self.close()
        if isinstance(error, redis.AuthenticationError):
            hint = "check the user and password in it"
            return InventoryError(f"{self._url()}: {problem}; {hint}")
        if isinstance(error, redis.ConnectionError) and "onnecting to" in problem:  # never sent
            hint = "is a server running there?"
            return UnavailableError(f"{self._url()}: cannot connect: {problem}; {hint}")
        if write:
            return UncertainError(f"{self._url()}: lost while it may have sold: {problem}")
        return UnavailableError(f"{self._url()}: lost: {problem}")

    def _url(self) -> str:
        return redacted(self._server) if self.location else "redis"


class _Errors:
    """Map the driver's errors inside the block; a class costs a command less than a generator."""

    def __init__(self, store: RedisStore, write: bool) -> None:
        self._store = store
        self._write = write

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        import redis

        if isinstance(error, redis.RedisError):
            raise self._store._meaning(error, self._write) from None


def _executed(pipeline: Any) -> bool:
    """Execute a transaction; return False where a watched key has changed."""
    import redis

    try:
        pipeline.execute()
    except redis.WatchError as error:
        # The driver raises this, too, where the connection was lost at EXEC.
        if isinstance(error.__context__, (redis.ConnectionError, redis.TimeoutError)):
            raise error.__context__ from None
        return False
    return True


def _other_of_that_name(line: Redis, name: str) -> int | None:
    """Name a connection; return the process of another one to this database with that name.

    None: there is no other. 0: its process is not known.
    """
    line.client_setname(f"{name}:{os.getpid()}")
    own = line.client_info()
    for client in line.client_list():
        known, _, pid = client["name"].rpartition(":")
        elsewhere = int(client["db"]) != int(own["db"]) or client["id"] == str(own["id"])
        if not elsewhere and name in {known, client["name"]}:
            return int(pid) if known == name and pid.isdigit() else 0
    return None
