"""The catalogue of variants, with facts read from the classes: it cannot be out of date."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from booking.core.base_classes import can_write
from booking.core.protocols import Store
from booking.core.registry import BUILT_IN, default_lock, members, resolve, split_url
from booking.core.traits import guard_traits, lock_traits, store_traits

FACTS = {
    "store": ("shared", "torn_reads"),
    "lock": ("crash_safe", "cross_host", "fair", "reentrant", "threads", "owned"),
    "guard": ("sound", "needs"),
    "fleet": (),
    "behaviour": (),
    "scheduler": (),
}
TRAITS: dict[str, Callable[[object], Any]] = {
    "store": store_traits,
    "lock": lock_traits,
    "guard": guard_traits,
}


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """Return every registered name of each kind: what it is, and its facts."""
    return {f"{kind}s": [_entry(kind, *member) for member in members(kind)] for kind in BUILT_IN}


def _entry(kind: str, name: str, member: Any) -> dict[str, Any]:
    if isinstance(member, Exception):
        return {"name": name, "what": str(member), "installed": False, "facts": {}}
    traits = TRAITS[kind](member) if kind in TRAITS else None
    facts = {fact: _plain(getattr(traits, fact)) for fact in FACTS[kind]}
    what = (inspect.getdoc(member) or "").partition("\n")[0]
    entry = {"name": name, "what": what, "installed": True, "facts": facts}
    if kind == "guard":
        facts["stores"] = ", ".join(stores_of(member))
    if kind == "lock":
        entry["default"] = name == default_lock()
    return entry


def stores_of(guard: Any) -> list[str]:
    """Return the names of the registered stores that can carry a guard."""
    return [name for name, store in members("store") if carries(store, guard)]


def carries(store: Any, guard: Any) -> bool:
    """Return whether a class of stores has what a class of guards needs."""
    needs = guard_traits(guard).needs
    if not isinstance(store, type):
        return False
    return can_write(store) if needs is Store else issubclass(store, needs)


def usual_guard(url: str) -> str:
    """Return the guard that suits a store: `atomic`, or a lock, which serves one machine only."""
    name, _ = split_url(url)
    return "atomic" if carries(resolve("store", name), resolve("guard", "atomic")) else "lock"


def _plain(fact: Any) -> Any:
    return fact.__name__ if isinstance(fact, type) else fact
