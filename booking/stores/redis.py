"""`redis`: keys of a Valkey or Redis server: a private one, or one of yours by URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from booking.core.protocols import Place
from booking.core.redaction import redacted
from booking.core.steps import saw, step
from booking.errors import InventoryError, UnavailableError, UncertainError
from booking.stores.common.connection_cache import keep, kept
from booking.stores.common.run_lock import another

if TYPE_CHECKING:
    from redis import Redis

CONNECT_S = 5.0
ANSWER_S = 30.0
POOL_MAX = 100_000

# Each script is one effect: the server runs nothing else meanwhile. KEYS: the count, its
# version, the pool, the shards, the lease, the lease's token.
COUNT = """
local n = redis.call('GET', KEYS[1])
if not n then return false end
local sum = tonumber(n) + redis.call('LLEN', KEYS[3])
for _, shard in ipairs(redis.call('HVALS', KEYS[4])) do sum = sum + tonumber(shard) end
return sum"""
GATHER = f"""
local count = (function() {COUNT} end)()
if count then redis.call('SET', KEYS[1], count) redis.call('DEL', KEYS[3], KEYS[4]) end
return count"""
SET = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('INCR', KEYS[2]) return 1"
TAKE = """
local n = redis.call('GET', KEYS[1])
if not n then return redis.error_reply('EMPTY') end
if tonumber(n) < tonumber(ARGV[1]) then return false end
redis.call('DECRBY', KEYS[1], ARGV[1]) redis.call('INCR', KEYS[2])
return tonumber(n)"""
ADD = "redis.call('INCR', KEYS[2]) return redis.call('INCRBY', KEYS[1], ARGV[1])"
CLAIM = """
if redis.call('LLEN', KEYS[3]) < tonumber(ARGV[1]) then return false end
local highest = 0
for _, seat in ipairs(redis.call('RPOP', KEYS[3], ARGV[1])) do
  highest = math.max(highest, tonumber(seat))
end
return highest"""
TAKE_FROM = """
local n = tonumber(redis.call('HGET', KEYS[4], ARGV[1]) or '0')
if n < tonumber(ARGV[2]) then return false end
redis.call('HINCRBY', KEYS[4], ARGV[1], -ARGV[2])
return n"""
TAKE_ACROSS = """
local wanted, sum = tonumber(ARGV[1]), 0
for _, shard in ipairs(redis.call('HVALS', KEYS[4])) do sum = sum + tonumber(shard) end
if sum < wanted then return 0 end
for _, name in ipairs(redis.call('HKEYS', KEYS[4])) do
  local share = math.min(wanted, tonumber(redis.call('HGET', KEYS[4], name)))
  redis.call('HINCRBY', KEYS[4], name, -share)
  wanted = wanted - share
end
return 1"""
LEND = """
if redis.call('EXISTS', KEYS[5]) == 1 then return false end
local token = redis.call('INCR', KEYS[6])
redis.call('SET', KEYS[5], token, 'PX', ARGV[1])
return token"""
SET_FENCED = """
if redis.call('GET', KEYS[6]) ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1]) redis.call('INCR', KEYS[2])
return 1"""
GIVE_BACK = """
if redis.call('GET', KEYS[5]) == ARGV[1] then redis.call('DEL', KEYS[5]) end
return 1"""
READ_ONLY = {COUNT}

_inherited: list[object] = []  # connections of a parent: clearing them away would end them


class RedisStore:
    """A key of a Valkey or Redis server; without a URL on a private one of its own."""

    shared = True
    torn_reads = False
    resource = "inventory"

    def __init__(self, place: Place) -> None:
        try:
            import redis  # noqa: F401 - only whether it is there
        except ImportError:
            raise InventoryError(
                "store redis needs the extra redis; install it with: pip install 'booking[redis]'"
            ) from None
        self.location = place.location
        self.durable = place.durable
        sale = "sale" if place.location else str(place.scratch)
        names = ("remaining", "version", "pool", "shards", "lease", "token")
        self._keys = tuple(f"booking:{{{sale}}}:{name}" for name in names)
        bare = place.location.startswith("//")  # or the whole URL, where that says rediss
        self._server = f"redis:{place.location}" if bare else place.location
        self._connection: Redis | None = None
        self._watching: Any = None
        self._owner_pid = 0

    def reset(self, tickets: int) -> None:
        """Make the inventory hold `tickets`, all in one counter."""
        self._call("DEL", *self._keys, write=True)
        self._call("SET", self._keys[0], tickets, write=True)

    def read(self) -> int:
        """Give the count, wherever the tickets are."""
        step("read", self.resource)
        count = self._count()
        saw(count)
        return count

    def write(self, remaining: int) -> None:
        """Replace the count."""
        step("write", self.resource, remaining)
        self._script(SET, remaining)

    def take(self, quantity: int) -> int | None:
        """Take tickets if there are enough, in one script."""
        step("take", self.resource)
        before = self._script(TAKE, quantity)
        saw(before)
        return None if before is None else int(before)

    def add(self, delta: int) -> int:
        """Add to the count: INCRBY, which asks no questions."""
        step("add", self.resource, delta)
        after = int(self._script(ADD, delta))
        saw(after)
        return after

    def read_versioned(self) -> tuple[int, int]:
        """Watch the keys, then read them: whatever changes them from here on is noticed."""
        step("read", self.resource)
        with self._errors(write=False):
            self._unwatch()
            self._watching = self._opened().pipeline()
            self._watching.watch(*self._keys[:2])
            remaining, version = self._watching.mget(self._keys[:2])
        if remaining is None:
            raise self._missing()
        saw(int(remaining))
        return int(remaining), int(version or 0)

    def compare_and_set(self, version: int, remaining: int) -> bool:
        """Write in a transaction that is dropped if a watched key has changed."""
        step("compare-and-set", self.resource, remaining)
        import redis
        from redis import WatchError

        pipeline, self._watching = self._watching, None
        with self._errors(write=True):
            try:
                pipeline.multi()
                pipeline.set(self._keys[0], remaining)
                pipeline.incr(self._keys[1])
                pipeline.execute()
                done = True
            except WatchError as error:
                # The driver says this, too, of a connection that was lost at EXEC.
                if isinstance(error.__context__, (redis.ConnectionError, redis.TimeoutError)):
                    raise error.__context__ from None
                done = False
            finally:
                pipeline.reset()
        saw(int(done))
        return done

    def open_pool(self) -> None:
        """Make a token of each ticket that is left."""
        self.gather()
        count = self._count()
        if count > POOL_MAX:
            raise InventoryError(
                f"guard pool makes a token of each ticket: {count} are more than {POOL_MAX}; "
                "give fewer tickets, or --guard shards"
            )
        with self._errors(write=True):
            pipeline = self._opened().pipeline()
            for first in range(1, count + 1, 1000):
                last = min(first + 1000, count + 1)
                pipeline.rpush(self._keys[2], *range(first, last))
            pipeline.set(self._keys[0], 0)
            pipeline.execute()

    def claim(self, buyer: int, quantity: int) -> int | None:
        """Take the highest tokens, as a counter would: RPOP, of all or none."""
        step("claim", self.resource)
        seat = self._script(CLAIM, quantity)
        saw(seat)
        return None if seat is None else int(seat)

    def split(self, shards: int) -> None:
        """Spread what is left over several counters."""
        self.gather()
        count = self._count()
        shares = {n: count // shards + (n < count % shards) for n in range(shards)}
        with self._errors(write=True):
            pipeline = self._opened().pipeline()
            pipeline.hset(self._keys[3], mapping={str(n): share for n, share in shares.items()})
            pipeline.set(self._keys[0], 0)
            pipeline.execute()

    def take_from(self, shard: int, quantity: int) -> int | None:
        """Take from one counter, if it has enough."""
        step("take", self.resource)
        before = self._script(TAKE_FROM, shard, quantity)
        saw(before)
        return None if before is None else int(before)

    def take_across(self, quantity: int) -> bool:
        """Take from all counters together."""
        step("take", self.resource)
        enough = int(self._script(TAKE_ACROSS, quantity))
        saw(enough)
        return bool(enough)

    def gather(self) -> None:
        """Bring the tickets back from pool and shards into the one counter."""
        if self._script(GATHER) is None:
            raise self._missing()

    def take_lease(self, owner: int, lease_s: float) -> int | None:
        """Borrow the right to write: a key that expires by the server's clock."""
        step("acquire", f"{self.resource}.lease", owner)
        token = self._script(LEND, max(1, int(lease_s * 1000)))
        saw(int(token is not None))
        return None if token is None else int(token)

    def write_fenced(self, remaining: int, token: int) -> bool:
        """Write unless a higher token was given out, in one script."""
        step("write", self.resource, remaining)
        done = int(self._script(SET_FENCED, remaining, token))
        saw(done)
        return bool(done)

    def give_back(self, token: int) -> None:
        """End the lease, if nobody else has been given it."""
        step("release", f"{self.resource}.lease")
        self._script(GIVE_BACK, token)

    def snapshot(self) -> tuple[object, ...]:
        """Give all that buyers share."""
        with self._errors(write=False):
            pipeline = self._opened().pipeline()
            pipeline.mget(self._keys[:2])
            pipeline.lrange(self._keys[2], 0, -1)
            pipeline.hgetall(self._keys[3])
            counts, pool, shards = pipeline.execute()
        return tuple(counts), tuple(pool), tuple(sorted(shards.items()))

    def connect(self) -> None:
        """Connect this process."""
        self._call("PING", write=False)

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold a connection with a name that says so; the server forgets it with the connection.

        Two who come in the same moment see each other, and neither has it: that errs on the safe
        side (CLIENT SETNAME, CLIENT LIST).
        """
        with self._errors(write=False):
            line: Redis = self._client().client()  # type: ignore[no-untyped-call]  # one connection
        try:
            with self._errors(write=False):
                alone = self._name_alone(line, f"sale-of-{self._keys[0]}")
            if not alone:
                raise another(self._url())
            yield
        finally:
            line.close()
            line.connection_pool.disconnect()

    def _name_alone(self, line: Redis, name: str) -> bool:
        """Name a connection; say whether no other to this database is called that."""
        line.client_setname(name)
        number = int(line.client_info()["db"])
        named = [(one["name"], int(one["db"])) for one in line.client_list()]
        return named.count((name, number)) == 1

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        watching, self._watching = self._watching, None
        if connection is None:
            return
        if self._owner_pid != os.getpid():
            _inherited.append((connection, watching))
            return
        with suppress(Exception):
            if watching is not None:
                watching.reset()
            if not keep(self._server, connection):
                connection.close()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_connection": None, "_watching": None}

    def _count(self) -> int:
        count = self._script(COUNT)
        if count is None:
            raise self._missing()
        return int(count)

    def _unwatch(self) -> None:
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.reset()

    def _opened(self) -> Redis:
        if self._connection is not None and self._owner_pid == os.getpid():
            return self._connection
        if self._connection is not None:
            _inherited.append((self._connection, self._watching))
            self._connection = self._watching = None
        if not self._server:
            from booking.servers.valkey import private_valkey

            self._server = private_valkey(durable=self.durable)
        self._owner_pid = os.getpid()
        if (spare := kept(self._server)) is not None:
            self._connection = cast("Redis", spare)
            return self._connection
        self._connection = self._client()
        return self._connection

    def _client(self) -> Redis:
        """Give a client that has not connected yet."""
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        try:
            return redis.Redis.from_url(
                self._server, socket_connect_timeout=CONNECT_S, socket_timeout=ANSWER_S,
                retry=Retry(NoBackoff(), 0),  # sent once: a second time might sell twice
            )  # fmt: skip
        except ValueError as error:
            problem = redacted(str(error), self._server)
            raise InventoryError(f"{self._url()}: {problem}; write redis://host:6379/0") from None

    def _script(self, script: str, *values: object) -> Any:
        return self._call(
            "EVAL", script, len(self._keys), *self._keys, *values, write=script not in READ_ONLY
        )

    def _call(self, *words: object, write: bool) -> Any:
        with self._errors(write=write):
            return self._opened().execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py's

    def _errors(self, *, write: bool) -> _Errors:
        return _Errors(self, write)

    def _missing(self) -> InventoryError:
        return InventoryError(
            f"{self._url()}: holds no tickets; put some in with: "
            f"booking reset --store {self._url()} --tickets 3"
        )

    def _url(self) -> str:
        return redacted(self._server) if self.location else "redis"


class _Errors:
    """Say what an error of the driver means, and whether the command may have taken effect."""

    def __init__(self, store: RedisStore, write: bool) -> None:
        self._store = store
        self._write = write

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        import redis

        if not isinstance(error, redis.RedisError):
            return
        problem = redacted(" ".join(str(error).split()), self._store._server)
        url = self._store._url()
        if isinstance(error, redis.ResponseError):
            if "EMPTY" in problem:
                raise self._store._missing() from None
            raise InventoryError(f"{url}: {problem}") from None
        if isinstance(error, redis.AuthenticationError):
            self._store.close()
            raise InventoryError(f"{url}: {problem}; check the user and password in it") from None
        never_sent = isinstance(error, redis.ConnectionError) and "onnecting to" in problem
        self._store.close()
        if never_sent:
            hint = "is a server running there?"
            raise UnavailableError(f"{url}: cannot connect: {problem}; {hint}") from None
        if self._write:
            raise UncertainError(f"{url}: lost while it may have sold: {problem}") from None
        raise UnavailableError(f"{url}: lost: {problem}") from None
