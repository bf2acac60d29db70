"""Assemble a sale from its scenario, once: parse the store's URL, find the classes, build.

`assemble(scenario)` resolves every name. What runs a sale asks the assembly, never the URL
again. Building comes later, because each sale has a folder of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from booking.core.base_classes import can_write, guard_hooks, inventory_path
from booking.core.capabilities import PinnedLock
from booking.core.protocols import Guard, Kit, Lock, Place, Store
from booking.core.redaction import redacted
from booking.core.registry import (
    BUILT_IN,
    build,
    members,
    resolve,
    split_url,
    takes_argument,
    takes_place,
)
from booking.core.scenario import Scenario
from booking.core.traits import GuardTraits, StoreTraits, guard_traits, lock_traits, store_traits
from booking.errors import BookingError, IncapableError, InventoryError, UsageError
from booking.system.runtime_folder import SERVER_LOCK, runtime_folder

TICKETS = 3  # of a private inventory, where the scenario names no number
NO_GUARD = "no guard of ours can sell from it: add write(remaining), or take(quantity)"


@dataclass(frozen=True)
class Assembly:
    """A scenario with every name in it resolved.

    `store_name` and `location` are the two parts of the store's URL; an empty location means a
    private inventory in the sale's own folder.
    """

    scenario: Scenario
    store_name: str
    location: str
    store_class: Any
    guard_class: Any

    @cached_property
    def store_traits(self) -> StoreTraits:
        """The facts of the store."""
        return store_traits(self.store_class)

    @cached_property
    def guard_traits(self) -> GuardTraits:
        """The facts of the guard."""
        return guard_traits(self.guard_class)

    @property
    def shown_store(self) -> str:
        """The store's URL without its password."""
        return redacted(self.scenario.store)

    @property
    def lock_name(self) -> str | None:
        """The lock that the guard is given: the scenario's, or the one that the guard holds."""
        return self.scenario.lock or self.guard_traits.holds

    @property
    def tickets(self) -> int:
        """Tickets that a private inventory starts with."""
        return TICKETS if self.scenario.tickets is None else self.scenario.tickets

    @property
    def owned_lock(self) -> bool:
        """Whether the lock is ours, and only its holder's release frees it, as its tests show."""
        name = self.lock_name
        if name is None or name not in BUILT_IN["lock"]:
            return False
        return lock_traits(resolve("lock", name)).owned is True

    @property
    def all_built_in(self) -> bool:
        """Whether the store, the lock and the guard are ours."""
        scenario = self.scenario
        names = (("store", scenario.store), ("lock", scenario.lock), ("guard", scenario.guard))
        return all(name is None or name in BUILT_IN[kind] for kind, name in names)

    @property
    def warning(self) -> str | None:
        """What a kill does to a named inventory that is written in place; None where it is safe."""
        if not self.location or not self.store_traits.torn_reads:
            return None
        return (
            f"{self.shown_store} is written in place: a kill, a crash or a full disk can leave it "
            "empty or half-written, without its other keys; use a copy, or --store json:…"
        )

    @property
    def one_inventory(self) -> bool:
        """Whether every sale of this store sells from the same inventory."""
        return self.store_name not in BUILT_IN["store"] and not takes_argument(self.store_class)

    @property
    def named(self) -> str:
        """What names the inventory for other commands; empty: it is private to each sale."""
        return self.location or (self.store_name if self.one_inventory else "")

    def ensure_for_processes(self) -> None:
        """Raise `UsageError` where real processes cannot share the store."""
        if self.store_traits.explored_only:
            raise UsageError(
                f"store {self.shown_store} is shared inside one process, for booking "
                "explore; real buyers are processes: use --store json"
            )

    def build_store(self, folder: Path, *, patience_s: float | None = None) -> Store:
        """Build the store; refuse one that cannot carry the guard."""
        scenario = self.scenario
        if patience_s is None:
            patience_s = scenario.patience_s
        place = Place(self.location, folder, scenario.durable, patience_s)
        store: Store = build("store", self.store_name, place)
        _ensure_no_folder(inventory_path(store))
        self._ensure_capable(store)
        return store

    def build_guard(
        self,
        folder: Path,
        store: Store,
        given: Callable[[Lock], Lock] | None = None,
        lock: Lock | None = None,
    ) -> Guard:
        """Build the guard with its lock, to wait as long as the scenario says.

        `given` returns the lock as the guard shall have it; `lock` is one that was built already.
        """
        scenario = self.scenario
        if lock is None:
            lock = self.build_lock(folder, store)
        if lock is not None and given is not None:
            lock = given(lock)
        answer_timeout_s = scenario.acquire_timeout or scenario.timeout / 2
        return self.guard_with(Kit(lock, scenario.patience_s, answer_timeout_s))

    def build_lock(self, folder: Path, store: Store) -> Lock | None:
        """Build the lock beside the inventory, where the guard takes one."""
        if self.lock_name is None:
            return None
        path = sidecar(store, folder)
        lock = lock_at(self.lock_name, path, folder)
        if folder in path.parents and isinstance(lock, PinnedLock):
            lock.watched = False  # no other user enters a sale's own folder
        return lock

    def guard_with(self, kit: Kit) -> Guard:
        """Build the guard with a kit of the caller's."""
        guard: Guard = build("guard", self.scenario.guard, kit)
        return guard

    def _ensure_capable(self, store: Store) -> None:
        needs = self.guard_traits.needs
        if _has(store, needs):
            return
        able = [
            name
            for name, member in members("guard")
            if not isinstance(member, Exception) and _has(store, guard_traits(member).needs)
        ]
        can = f"it can do: {', '.join(able)}" if able else NO_GUARD
        if needs is Store:
            what = f"reads and writes the count, and store {self.shown_store} has no write"
        else:
            what = f"needs a store with {needs.__name__}, which {self.shown_store} is not"
        raise IncapableError(f"guard {self.scenario.guard} {what}; {can}")


def lock_at(name: str, path: Path, folder: Path) -> Lock:
    """Build the lock of a sidecar file; one whose constructor takes a `place` gets a `Place`."""
    place = takes_place(resolve("lock", name))
    lock: Lock = build("lock", name, Place(str(path), folder) if place else path)
    return lock


def assemble(scenario: Scenario) -> Assembly:
    """Resolve every name of a scenario; raise `UsageError` for an unknown one."""
    store_name, location = split_url(scenario.store)
    return Assembly(
        scenario, store_name, location,
        resolve("store", store_name), resolve("guard", scenario.guard),
    )  # fmt: skip


def explored_with_searches(scenario: Scenario) -> bool:
    """Return whether buyers of an exploration search first, where it is not said.

    A read that meets half a write is an anomaly that only they see, when orders hold a lock.
    """
    return assemble(scenario).store_traits.torn_reads


@contextmanager
def pinned(lock: object) -> Iterator[None]:
    """Hold on to the lock's file for the block, where other processes may reach its folder."""
    if not isinstance(lock, PinnedLock) or not lock.watched:
        yield
        return
    lock.pin()
    try:
        yield
    finally:
        lock.unpin()


def arrange(store: Store, guard: Guard) -> None:
    """Bring the inventory into the shape that the guard sells from."""
    guard_hooks(guard).arrange(store)


def sidecar(store: Store, folder: Path) -> Path:
    """Return the path of the lock file: beside the inventory, never the file that is replaced.

    Where the inventory is a server's, every process of this user on this machine that names the
    server gets the same file.
    """
    path = inventory_path(store)
    if path is not None:
        return path.with_name(path.name + ".lock")
    if location := getattr(store, "location", None):
        name = sha256(str(location).encode()).hexdigest()[:16]
        return runtime_folder() / f"{name}{SERVER_LOCK}"
    return folder / "sale.lock"


def _ensure_no_folder(path: Path | None) -> None:
    """Refuse a folder as an inventory, before files are made beside it."""
    if path is not None and path.is_dir():
        raise InventoryError(f"{path}: is a directory; name a file in it")


@contextmanager
def users_code(what: str) -> Iterator[None]:
    """Turn an error in a user's own class, or its exit, into a `UsageError` of one line."""
    try:
        yield
    except BookingError:
        raise
    except (Exception, SystemExit) as error:  # an exit would pass for a result
        problem = redacted(" ".join(f"{type(error).__name__}: {error}".split()))
        raise UsageError(f"{what} fails: {problem}") from None


def _has(store: Store, needs: type) -> bool:
    return can_write(store) if needs is Store else isinstance(store, needs)
