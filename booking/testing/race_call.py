"""The call that makes a race, as a test writes it, with some of its options changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHOWN = ("buyers", "tickets", "quantity", "guard", "lock", "search", "delay")


@dataclass(frozen=True, slots=True)
class RaceCall:
    """A store and the options of a race; what bounds or repeats it is not shown."""

    store: str | type
    options: Mapping[str, Any]

    def but(self, fields: Mapping[str, str]) -> RaceCall:
        """Return the call of another store, guard or lock; a lock alone means guard `lock`."""
        changed = dict(fields)
        store = changed.pop("store", self.store)
        if "lock" in changed:
            changed.pop("guard", None)
        kept = dict(self.options)
        if changed:
            kept = {name: kept[name] for name in kept if name not in {"guard", "lock"}}
        return RaceCall(store, kept | changed)

    def __str__(self) -> str:
        given = [(name, self.options.get(name)) for name in SHOWN]
        words = [f"{name}={_code(value)}" for name, value in given if value is not None]
        return f"race({', '.join([_code(self.store), *words])})"


def _code(value: object) -> str:
    """Return a value as a test writes it: a class by its name."""
    if isinstance(value, type):
        return value.__qualname__
    return f'"{value}"' if isinstance(value, str) else repr(value)
