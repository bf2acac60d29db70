"""Map a name to its class or function, which is imported only when it is used.

The tables below name the built-in variants. Installed packages add theirs through one
entry-point group for each kind, in the plural: `booking.stores`, `booking.locks`,
`booking.guards`, `booking.fleets`, `booking.behaviours` and `booking.schedulers`. Any class or
function can be named as `package.module:name`.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from inspect import Parameter
from pathlib import Path
from typing import Any

from booking.core.protocols import Place
from booking.core.spelling import unknown
from booking.errors import BookingError, UsageError

BUILT_IN: dict[str, dict[str, str]] = {
    "store": {
        "json": "booking.stores.json_replaced:JsonStore",
        "json-inplace": "booking.stores.json_inplace:JsonInplaceStore",
        "memory": "booking.stores.memory:MemoryStore",
        "memory-shared": "booking.stores.memory_shared:MemorySharedStore",
        "sqlite": "booking.stores.sqlite:SqliteStore",
        "postgres": "booking.stores.postgres:PostgresStore",
        "redis": "booking.stores.redis:RedisStore",
    },
    "lock": {
        "flock": "booking.locks.flock:FlockLock",
        "filelock": "booking.locks.filelocked:FilelockLock",
        "soft": "booking.locks.soft:SoftLock",
        "mutex": "booking.locks.mutex:MutexLock",
    },
    "guard": {
        "none": "booking.guards.none:NoGuard",
        "lock": "booking.guards.lock:LockGuard",
        "queue": "booking.guards.queue:QueueGuard",
        "clerk": "booking.guards.clerk:ClerkGuard",
        "atomic": "booking.guards.atomic:AtomicGuard",
        "optimistic": "booking.guards.optimistic:OptimisticGuard",
        "row-lock": "booking.guards.row_lock:RowLockGuard",
        "advisory": "booking.guards.advisory:AdvisoryGuard",
        "serializable": "booking.guards.serializable:SerializableGuard",
        "backstop": "booking.guards.backstop:BackstopGuard",
        "pool": "booking.guards.pool:PoolGuard",
        "shards": "booking.guards.shards:ShardsGuard",
        "compensate": "booking.guards.compensate:CompensateGuard",
        "lease": "booking.guards.lease:LeaseGuard",
        "lease-fenced": "booking.guards.lease:FencedLeaseGuard",
    },
    "fleet": {
        "local": "booking.fleets.local:LocalFleet",
    },
    "behaviour": {
        "buy-once": "booking.processes.behaviours:buy_once",
        "search-then-buy": "booking.processes.behaviours:search_then_buy",
        "buy-until-sold-out": "booking.processes.behaviours:buy_until_sold_out",
        "search-and-buy-until-sold-out": (
            "booking.processes.behaviours:search_and_buy_until_sold_out"
        ),
    },
    "scheduler": {
        "random": "booking.schedulers.uniform:UniformScheduler",
        "pct": "booking.schedulers.pct:PctScheduler",
    },
}
METHODS = {
    "store": ("reset", "read", "close"),  # `write` only for a guard that needs it
    "lock": ("acquire", "release"),
    "guard": ("sell",),
    "fleet": ("run",),
}
SCHEMES = {"postgresql": "postgres", "rediss": "redis", "valkey": "redis"}  # other tools' names
# Schemes that say something of the connection: the location is the whole URL.
WHOLE_URL_SCHEMES = {"rediss"}
NAMES_SHOWN_MAX = 12
PLACES = {Place, "Place", "booking.Place"}  # annotations of a parameter that takes one
_POSITIONAL = {
    Parameter.POSITIONAL_ONLY,
    Parameter.POSITIONAL_OR_KEYWORD,
    Parameter.VAR_POSITIONAL,
}
_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def default_lock() -> str:
    """Return the name of the best lock that this system has."""
    return "flock" if importlib.util.find_spec("fcntl") else "filelock"


def table(kind: str) -> dict[str, str]:
    """Return every name of a kind with its `module:Class`: built in, or of a package."""
    from importlib.metadata import entry_points

    others = {point.name: point.value for point in entry_points(group=f"booking.{kind}s")}
    return {**others, **BUILT_IN[kind]}


def resolve(kind: str, name: str) -> Any:
    """Return the class that `name` stands for: registered, or `package.module:Class`."""
    target = BUILT_IN[kind].get(name) or table(kind).get(name)
    if target is not None:
        return load(target, kind)
    if not _CLASS.fullmatch(name):
        raise UsageError(unknown(kind, name, table(kind)))
    _add_current_folder()  # as `python -m` does; not for a package, whose imports are elsewhere
    return load(name, kind)


def load(target: str, what: str) -> Any:
    """Import `module:attribute`."""
    module_name, _, attribute = target.partition(":")
    if not attribute:
        raise UsageError(f'{what} "{target}": write module:name')
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise UsageError(f"{what} {target}: cannot import {module_name}: {error}") from None
    except (Exception, SystemExit) as error:  # an exit would pass for a result
        problem = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UsageError(f"{what} {target}: {module_name} fails to import: {problem}") from None
    try:
        return getattr(module, attribute)
    except AttributeError:
        known = [name for name in vars(module) if not name.startswith("_")][:NAMES_SHOWN_MAX]
        raise UsageError(f"{what} {target}: {unknown('name', attribute, known)}") from None


def _add_current_folder() -> None:
    """Add the current folder to the path, last: a file in it must not hide a library's."""
    if not {"", str(Path.cwd())} & set(sys.path):
        sys.path.append(str(Path.cwd()))


def build(kind: str, name: str, argument: object) -> Any:
    """Make a store, a lock or a guard; pass the argument if its constructor takes one."""
    maker = resolve(kind, name)
    if not callable(maker):
        raise UsageError(f"{kind} {name}: is no class")
    try:
        variant = maker(argument) if takes_argument(maker) else maker()
    except BookingError:
        raise
    except (Exception, SystemExit) as error:
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(f"{kind} {name}: its constructor fails: {problem}") from None
    missing = [method for method in METHODS[kind] if not callable(getattr(variant, method, None))]
    if missing:
        lacks = ", ".join(missing)
        raise UsageError(f"{kind} {name}: has no {lacks}; see docs/reference/protocols.md")
    return variant


def split_url(url: str) -> tuple[str, str]:
    """Split `json:data.json` into the store's name and its location; a class has a colon too."""
    scheme, colon, location = url.partition(":")
    name = SCHEMES.get(scheme, scheme)
    if scheme in WHOLE_URL_SCHEMES:
        return name, url
    if not colon or name in BUILT_IN["store"] or name in table("store"):
        return name, location
    attribute, _, location = location.partition(":")
    if _CLASS.fullmatch(f"{name}:{attribute}"):
        return f"{name}:{attribute}", location
    raise UsageError(unknown("store", name, table("store")))


def members(kind: str) -> Iterator[tuple[str, Any]]:
    """Yield every registered name of a kind with its class, or with the error of its import."""
    for name in table(kind):
        try:
            yield name, resolve(kind, name)
        except UsageError as error:
            yield name, error


def takes_place(maker: Callable[..., Any]) -> bool:
    """Return whether a constructor's first parameter is a `Place`, by its name or annotation."""
    try:
        parameters = list(inspect.signature(maker).parameters.values())
    except (TypeError, ValueError):
        return False
    first = next((one for one in parameters if one.kind in _POSITIONAL), None)
    return first is not None and (first.name == "place" or first.annotation in PLACES)


def takes_argument(maker: Callable[..., Any]) -> bool:
    """Return whether a constructor can be called with one positional argument."""
    try:
        parameters = inspect.signature(maker).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(parameter.kind in _POSITIONAL for parameter in parameters)
