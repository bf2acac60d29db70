"""Base classes with defaults for every optional method, and how the harness calls those.

A store or a guard may inherit from `BaseStore` or `BaseGuard`; it need not. `hooks(store)` and
`guard_hooks(guard)` return the optional methods that a variant has, and the default otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from booking.core.protocols import Guard, Store


class BaseStore:
    """Defaults for the optional methods of a store: each does nothing."""

    def close(self) -> None:
        """Release what this process holds; a second call does nothing."""

    def prepare(self) -> None:
        """Raise `InventoryError` where the store could not be sold from; change nothing."""

    def connect(self) -> None:
        """Open in this process what an order needs; announces no step."""

    def reserved(self) -> AbstractContextManager[None]:
        """Hold the right to run a sale on an inventory that other machines can reach."""
        return nullcontext()

    def answers(self, timeout_s: float) -> bool:
        """Return whether the store's server answers within `timeout_s`; True where it has none."""
        return True

    def sweep(self) -> None:
        """Remove what dead processes left."""

    def gather(self) -> None:
        """Bring tickets that lie in several places back into one counter."""


class BaseGuard:
    """Defaults for the facts and the optional methods of a guard."""

    needs: ClassVar[type] = Store

    def arrange(self, store: Store) -> None:
        """Bring the inventory into the guard's shape before the sale: by default one counter."""
        hooks(store).gather()

    def answers(self, timeout_s: float) -> bool:
        """Return whether the guard's server answers within `timeout_s`; True where it has none."""
        return True


@dataclass(frozen=True, slots=True)
class StoreHooks:
    """The optional methods of one store, bound."""

    prepare: Callable[[], None]
    connect: Callable[[], None]
    disconnect: Callable[[], None]  # before a fork: closes a store that connects
    reserved: Callable[[], AbstractContextManager[None]]
    answers: Callable[[float], bool] | None  # None where the store has no method of its own
    sweep: Callable[[], None]
    gather: Callable[[], None]
    gathers: bool  # whether `gather` is the store's own


@dataclass(frozen=True, slots=True)
class GuardHooks:
    """The optional methods of one guard, bound."""

    arrange: Callable[[Store], None]
    rearranges: bool  # whether `arrange` is the guard's own
    answers: Callable[[float], bool] | None  # None where the guard has no method of its own


_NO_HOOKS = BaseStore()


def hooks(store: Store) -> StoreHooks:
    """Return the optional methods of a store, a default for each that it lacks."""

    def hook(name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(store, name, None) or getattr(_NO_HOOKS, name)
        return method

    return StoreHooks(
        prepare=hook("prepare"),
        connect=hook("connect"),
        disconnect=store.close if _overrides(store, BaseStore, "connect") else _NO_HOOKS.close,
        reserved=hook("reserved"),
        answers=hook("answers") if _overrides(store, BaseStore, "answers") else None,
        sweep=hook("sweep"),
        gather=hook("gather"),
        gathers=_overrides(store, BaseStore, "gather"),
    )


def guard_hooks(guard: Guard) -> GuardHooks:
    """Return the optional methods of a guard, a default for each that it lacks."""
    arrange: Callable[[Store], None] = getattr(guard, "arrange", BaseGuard().arrange)
    asked = _overrides(guard, BaseGuard, "answers")
    answers: Callable[[float], bool] | None = getattr(guard, "answers") if asked else None  # noqa: B009 - optional
    return GuardHooks(arrange, _overrides(guard, BaseGuard, "arrange"), answers)


def _overrides(member: object, base: type, name: str) -> bool:
    """Return whether a variant has a method of its own in place of a base class's default."""
    default = getattr(base, name)
    return getattr(type(member), name, default) is not default


def can_write(store: object) -> bool:
    """Return whether a store, or a class of stores, has the method `write`."""
    return callable(getattr(store, "write", None))


def inventory_path(store: Store) -> Path | None:
    """Return the file that holds a store's inventory; None where no file of ours does."""
    path = getattr(store, "path", None)
    return path if isinstance(path, Path) else None
