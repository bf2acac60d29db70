"""`redis` (redis-py) and `valkey`: each command is a step on its keys, a transaction is one step.

What a command touches is asked of the server (`keys`). A pipeline without a transaction is
sent in one packet, and the server may serve others in between: each of its commands is a step.
Whatever else talks to the server comes through `Connection.send_packed_command`: the tripwire.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial, wraps
from importlib import import_module
from typing import Any, TypeVar

from booking.errors import BookingError
from booking.instrument.late_import import once_imported
from booking.instrument.patches import Patches
from booking.instrument.redis.commands import (
    OTHER_DATABASES,
    SCRIPTS,
    is_quiet,
    reads_clock,
    shown,
    words_of,
)
from booking.instrument.redis.keys import RedisKeys
from booking.instrument.redis.step import RedisStep
from booking.instrument.seam import Dismissed, Seam, Touch

T = TypeVar("T")
TOKEN = "token"


class RedisInterceptor:
    """Announce what clients of `redis` do."""

    library: str = "redis"
    client_class: str = "Redis"
    covers: tuple[str, ...] = (
        "Redis: each command", "Pipeline: transactions, WATCH, and without a transaction",
        "scripts (EVALSHA, with what they touch), functions", "Lock",
    )  # fmt: skip

    def __init__(self) -> None:
        self.connecting: Callable[[Any], None] = lambda _: None
        self.leaving: Callable[[Any, str], None] = lambda _pool, _command: None
        self._patches = Patches()
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self._keys: weakref.WeakKeyDictionary[Any, RedisKeys] = weakref.WeakKeyDictionary()
        self._watched: weakref.WeakKeyDictionary[Any, set[Touch]] = weakref.WeakKeyDictionary()
        self._reply: Any = None  # the last one, as it came: the user's code may have changed it
        self._clocked = False  # whether a script reads a clock past all commands
        self._tokens: set[str] = set()  # of locks, made by this process

    def install(self, seam: Seam) -> None:
        """Replace what talks to the server, once the library is imported."""
        self._seam = seam
        once_imported(self.library, self._patch)

    def remove(self) -> None:
        """Put the library back."""
        self._patches.undo()

    def disconnect(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.disconnect()

    # What is replaced.

    def _patch(self) -> None:
        client = import_module(f"{self.library}.client")
        self._errors = import_module(f"{self.library}.exceptions")
        self._patch_client(getattr(client, self.client_class))
        self._patch_pipeline(client.Pipeline)
        self._patch_lock(import_module(f"{self.library}.lock").Lock)
        self._patch_connections(import_module(f"{self.library}.connection"))
        self._patch_uncovered(client)

    def _patch_client(self, kind: Any) -> None:
        execute = kind.execute_command
        self._quiet(kind, "__init__")

        def executed(client: Any, *command: Any, **options: Any) -> Any:
            return self._one(client, command, lambda: execute(client, *command, **options))

        self._patches.replace(kind, "execute_command", executed)

    def _patch_pipeline(self, kind: Any) -> None:
        immediate, execute, reset = kind.immediate_execute_command, kind.execute, kind.reset

        def executed_now(pipe: Any, *command: Any, **options: Any) -> Any:
            return self._one(
                pipe, command, lambda: immediate(pipe, *command, **options), watches=True
            )

        def executed(pipe: Any, raise_on_error: bool = True) -> Any:
            return self._execute(pipe, execute, raise_on_error)

        def cleared(pipe: Any) -> None:
            self._watched.pop(pipe, None)
            with self._seam.inside():  # it sends UNWATCH, even where the buyer is dismissed
                reset(pipe)

        self._patches.replace(kind, "immediate_execute_command", executed_now)
        self._patches.replace(kind, "execute", executed)
        self._patches.replace(kind, "reset", cleared)

    def _patch_lock(self, kind: Any) -> None:
        acquire = kind.acquire

        def acquired(lock: Any, *positional: Any, **named: Any) -> Any:
            return self._acquire(lock, acquire, *positional, **named)

        self._patches.replace(kind, "acquire", acquired)

    def _patch_connections(self, module: Any) -> None:
        kind = module.AbstractConnection
        self._patch_connect(kind)
        past = f"{self.library} talks to the server past a step"
        self._doubt(kind, "send_packed_command", past)
        read = self._doubting(kind.read_response, past)

        def kept(*positional: Any, **named: Any) -> Any:
            self._reply = read(*positional, **named)
            return self._reply

        self._patches.replace(kind, "read_response", kept)
        self._quiet(kind, "__init__")
        for pool in (module.ConnectionPool, module.BlockingConnectionPool):
            self._quiet(pool, "__init__")  # it looks for the library's version in files
            self._quiet(pool, "get_connection")

    def _patch_uncovered(self, client: Any) -> None:
        """Have what is not covered say so; its traffic is heard by the tripwire anyway."""
        cluster = import_module(f"{self.library}.cluster")
        waiting = import_module(f"{self.library}.asyncio.connection").AbstractConnection
        self._doubt(client.PubSub, "execute_command", "pub/sub is not covered")
        kind = getattr(cluster, f"{self.client_class}Cluster")
        self._doubt(kind, "execute_command", "a cluster is not covered")
        self._doubt(waiting, "send_packed_command", f"{self.library}.asyncio is not covered")
        self._patch_connect(waiting)

    def _patch_connect(self, kind: Any) -> None:
        name = "connect_check_health" if hasattr(kind, "connect_check_health") else "connect"
        self._patches.replace(kind, name, self._connecting(getattr(kind, name)))

    def _doubt(self, kind: Any, name: str, what: str) -> None:
        self._patches.replace(kind, name, self._doubting(getattr(kind, name), what))

    def _quiet(self, kind: Any, name: str) -> None:
        """Have a method announce nothing, and nothing that it does be a caveat."""
        method = getattr(kind, name)

        @wraps(method)
        def quiet(*positional: Any, **named: Any) -> Any:
            with self._seam.inside():
                return method(*positional, **named)

        self._patches.replace(kind, name, quiet)

    def _connecting(self, connect: Callable[..., T]) -> Callable[..., T]:
        """Return a `connect` that asks first whether the server may be reached."""

        def connected(connection: Any, *positional: Any, **named: Any) -> T:
            try:
                self.connecting(connection)
            except BookingError as error:
                if self._seam.buying:
                    self._seam.doubts.append(str(error))
                raise
            self._open.add(connection)
            with self._seam.inside():
                return connect(connection, *positional, **named)

        return connected

    def _doubting(self, method: Callable[..., T], what: str) -> Callable[..., T]:
        def doubted(*positional: Any, **named: Any) -> T:
            if self._seam.active:
                if self._seam.dismissed:
                    raise Dismissed
                self._seam.doubt(what)
            return method(*positional, **named)

        return doubted

    # What happens instead.

    def _keys_of(self, client: Any) -> RedisKeys:
        pool = client.connection_pool
        keys = self._keys.get(pool)
        if keys is None or not keys.usable:
            keys = self._keys[pool] = RedisKeys(pool, self._errors)
        return keys

    def _new_step(self, client: Any, commands: Sequence[Any], **more: Any) -> RedisStep:
        pool = client.connection_pool
        if type(pool).__name__ == "SentinelConnectionPool":
            self._seam.doubt("Sentinel is not covered: which server is asked may change")
        if getattr(pool, "cache", None) is not None:
            self._seam.doubt("a cache in the client is not covered")
        with self._seam.inside():
            return RedisStep(self._keys_of(client), commands, **more)

    def _one(
        self, client: Any, command: Sequence[Any], effect: Callable[[], T], *, watches: bool = False
    ) -> T:
        """Carry out one command as a step."""
        words = words_of(command)
        self._note(client, words)
        if not self._seam.active:
            return effect()
        if self._seam.dismissed:
            raise Dismissed
        if is_quiet(words):
            if words[0] == "UNWATCH":
                self._watched.pop(client, None)
            with self._seam.inside():
                return effect()
        step = self._new_step(client, [command], watches=watches)
        reply = self._run(words[0].lower(), shown(command), step, effect)
        if words[0] == "WATCH":
            self._watched.setdefault(client, set()).update(step.touched)
        return reply

    def _note(self, client: Any, words: list[Any]) -> None:
        """Take note of a command that reads a clock, or leaves the database of its client."""
        if words[0] in OTHER_DATABASES:
            self.leaving(client.connection_pool, words[0])
        if words[0] in {"EVAL", "EVAL_RO", "SCRIPT", "FUNCTION"}:
            self._clocked |= any(reads_clock(word) for word in words[1:])
        if self._clocked and words[0] in SCRIPTS:
            self._seam.doubt("a script reads a clock")

    def _run(self, action: str, text: str, step: RedisStep, effect: Callable[[], T]) -> T:
        return self._perform(action, text, step, lambda: self._carried_out(step, effect))

    def _carried_out(self, step: RedisStep, effect: Callable[[], T]) -> T:
        return step.run(effect, self._errors, lambda: self._reply)

    def _perform(
        self, action: str, text: str, step: RedisStep, effect: Callable[[], T],
        *, busy: Callable[[Exception], bool] = lambda _: False,
    ) -> T:  # fmt: skip
        seam = self._seam
        for doubt in step.doubts:
            seam.doubt(doubt)
        try:
            reply = seam.perform(
                action, self._masked(text), lambda: step.touches, effect, busy=busy
            )
        finally:
            seam.committed |= step.committed
            for doubt in step.doubts:
                seam.doubt(doubt)
        seam.learn(self._masked(repr(reply)))
        return reply

    def _masked(self, text: str) -> str:
        """Return a text without this buyer's tokens: they differ in name only."""
        for token in self._tokens:
            text = text.replace(token, TOKEN)
        return text

    def _execute(self, pipe: Any, execute: Callable[..., Any], raise_on_error: bool) -> Any:
        seam = self._seam
        commands = [command for command, _ in pipe.command_stack]
        for command in commands:
            self._note(pipe, words_of(command))
        if not seam.active or not (commands or pipe.watching):
            return execute(pipe, raise_on_error)
        if seam.dismissed:
            raise Dismissed
        if pipe.scripts:
            pipe.load_scripts()  # they are loaded before, one by one
            pipe.scripts = set()
        if not (pipe.transaction or pipe.explicit_transaction):
            return self._one_by_one(pipe, execute, raise_on_error)
        watched = frozenset(self._watched.get(pipe, ()))
        step = self._new_step(pipe, commands, watched=watched, whole=True)
        text = "; ".join(["MULTI", *map(shown, commands), "EXEC"])
        return self._run("exec", text, step, lambda: execute(pipe, raise_on_error))

    def _one_by_one(self, pipe: Any, execute: Callable[..., Any], raise_on_error: bool) -> Any:
        """Send each command of a pipeline as a step: the server serves others in between."""
        stack = list(pipe.command_stack)

        def alone(queued: Any) -> Any:
            pipe.command_stack = [queued]
            return execute(pipe, raise_on_error=False)[0]

        replies = [self._one(pipe, queued[0], partial(alone, queued)) for queued in stack]
        pipe.reset()
        if raise_on_error:
            pipe.raise_first_error(stack, replies)
        return replies

    def _acquire(
        self, lock: Any, acquire: Callable[..., bool], sleep: float | None = None,
        blocking: bool | None = None, blocking_timeout: float | None = None, token: Any = None,
    ) -> bool:  # fmt: skip
        """Acquire a lock; between two tries, another buyer has moved."""
        seam = self._seam
        if not seam.active:
            return acquire(lock, sleep, blocking, blocking_timeout, token)
        if token is None:
            token = seam.unique_name()
            self._tokens.add(token)
        token = self._client_of(lock).get_encoder().encode(token)
        limit_s = lock.blocking_timeout if blocking_timeout is None else blocking_timeout
        tries_once = limit_s is not None and limit_s < (lock.sleep if sleep is None else sleep)
        if tries_once or not (lock.blocking if blocking is None else blocking):
            return acquire(lock, blocking=False, token=token)
        while not self._acquired(lock, token):
            if limit_s is not None:  # it struck: no buyer can go on
                return False
        return True

    def _client_of(self, lock: Any) -> Any:
        return getattr(lock, self.library)

    def _acquired(self, lock: Any, token: bytes) -> bool:
        """Acquire a lock as one step, which is refused while another buyer holds it."""
        if self._seam.dismissed:
            raise Dismissed
        command = ("SET", lock.name, token, "NX")
        step = self._new_step(self._client_of(lock), [command])

        def acquire() -> bool:
            if not self._carried_out(step, lambda: lock.do_acquire(token)):
                raise _Held
            lock.local.token = token
            return True

        try:
            return self._perform("set", shown(command), step, acquire, busy=_is_held)
        except _Held:
            return False


class _Held(Exception):  # noqa: N818 - no error: another buyer holds the lock
    """A lock is held."""


def _is_held(error: Exception) -> bool:
    return isinstance(error, _Held)


class ValkeyInterceptor(RedisInterceptor):
    """Announce what clients of `valkey` do: a library with the same interface."""

    library = "valkey"
    client_class = "Valkey"
