"""Facts that a variant states about itself, read once from its class into frozen records.

A class states a fact as a class attribute, such as `crash_safe = True`. Reading checks the
type, and refuses an attribute that is nearly the name of a fact: a typo never passes unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from functools import lru_cache
from typing import Any, Literal, TypeVar, get_type_hints

from booking.core.capabilities import Snapshot
from booking.core.protocols import Store
from booking.core.spelling import alike
from booking.errors import UsageError

Numbers = Literal["before", "after", "seat", "none"]
T = TypeVar("T")
_TYPO_RATIO = 0.85  # of difflib; `crash_save` for `crash_safe` has 0.9
_COMPUTED = {"snapshots", "staffed"}  # follow from methods, not from attributes


@dataclass(frozen=True, slots=True)
class StoreTraits:
    """Facts about a store."""

    shared: bool = True  # every process sees the same count
    torn_reads: bool = False  # a reader may meet a half-written inventory
    explored_only: bool = False  # lives in one process, so only explored buyers share it
    buyers_max: int | None = None  # connections that a private server has room for
    snapshots: bool = False  # has `snapshot()`: shows the explorer all that buyers share


@dataclass(frozen=True, slots=True)
class LockTraits:
    """Facts about a lock; None: the class does not state it."""

    crash_safe: bool | None = None  # free again when its holder dies
    cross_host: bool | None = None  # works between machines that share a file system
    fair: bool | None = None  # the longest waiter goes next
    reentrant: bool | None = None  # its holder may take it again
    threads: bool | None = None  # other threads of its holder have to wait, too
    owned: bool | None = None  # a release by another process does not free it
    one_sale_only: bool = False  # only processes of the same sale can take it


@dataclass(frozen=True, slots=True)
class GuardTraits:
    """Facts about a guard; None: the class does not state it."""

    needs: type = Store  # the capability that a store must have
    sound: bool | None = None  # no schedule of buyers that live breaks a sale
    crash_safe: bool | None = None  # the sale goes on when a process is killed
    numbers: Numbers = "before"  # what a bought ticket's number means
    by_the_clock: bool = False  # depends on time, not only on the order of steps
    explorable: bool = True
    explorable_not: str = ""  # why it cannot be explored
    holds: str | None = None  # the lock it is given when the user names none
    tickets_max: int | None = None  # more make it too slow or too large
    staffed: bool = False  # a process of its own, the clerk, carries out the orders


def store_traits(member: object) -> StoreTraits:
    """Return the facts of a store or of its class; raise `UsageError` on a misspelt one."""
    kind = _class_of(member)
    return _read(StoreTraits, kind, snapshots=_is_below(kind, Snapshot))


def lock_traits(member: object) -> LockTraits:
    """Return the facts of a lock or of its class; raise `UsageError` on a misspelt one."""
    return _read(LockTraits, _class_of(member))


def guard_traits(member: object) -> GuardTraits:
    """Return the facts of a guard or of its class; raise `UsageError` on a misspelt one."""
    kind = _class_of(member)
    staffed = getattr(kind, "staffed", None)
    if staffed is None:
        staffed = hasattr(kind, "serve")
    return _read(GuardTraits, kind, staffed=staffed)


def _class_of(member: object) -> Any:
    return member if isinstance(member, type) or callable(member) else type(member)


def _is_below(kind: Any, protocol: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, protocol)


def _read(record: Callable[..., T], kind: Any, **computed: object) -> T:
    return record(**_stated(record, kind), **computed)


@lru_cache(maxsize=1024)
def _stated(record: Any, kind: Any) -> dict[str, Any]:
    """Return the facts that a class states, by name."""
    known: dict[str, Field[Any]] = {
        field.name: field for field in fields(record) if field.name not in _COMPUTED
    }
    _ensure_no_typo(kind, list(known))
    types = get_type_hints(record)
    stated = {}
    for name, field in known.items():
        value = getattr(kind, name, field.default)
        if not _fits(value, types[name]):
            raise UsageError(f"{_name(kind)}: {name} = {value!r} is not {field.type}")
        stated[name] = value
    return stated


def _ensure_no_typo(kind: Any, known: list[str]) -> None:
    for name in dir(kind):
        if name.startswith("_") or name in known or callable(getattr(kind, name, None)):
            continue
        if close := alike(name, known, _TYPO_RATIO):
            raise UsageError(f"{_name(kind)}: no such fact {name}; did you mean {close}?")


def _fits(value: object, wanted: Any) -> bool:
    if value is None:
        return type(None) in getattr(wanted, "__args__", ())
    options = getattr(wanted, "__args__", None) or (wanted,)
    if all(isinstance(option, str) for option in options):  # a Literal
        return value in options
    return any(
        isinstance(option, type)
        and isinstance(value, option)
        and (option is not int or not isinstance(value, bool))
        for option in options
    )


def _name(kind: Any) -> str:
    return getattr(kind, "__qualname__", repr(kind))
