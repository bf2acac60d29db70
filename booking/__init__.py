"""A ticket-sale concurrency workbench: does it oversell, why, and what does each cure cost?

Everything that a store, a lock, a guard or a behaviour of yours needs is imported from here::

    from booking import BaseStore, Order, Reply, SOLD_OUT, saw, step

Names are imported at first use, so that `import booking` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "booking.core.protocols": (
        "SOLD_OUT", "Guard", "Kit", "Lock", "Order", "Place", "Reply", "Staffed", "Store",
    ),
    "booking.core.capabilities": (
        "AdvisoryStore", "AtomicStore", "ConstrainedStore", "CountingStore", "LeaseStore",
        "RowLockingStore", "SerializableStore", "ShardedStore", "Snapshot", "TicketPool",
        "VersionedStore",
    ),
    "booking.core.steps": ("network", "saw", "step"),
    "booking.core.base_classes": ("BaseGuard", "BaseStore"),
    "booking.core.per_process": ("PerProcess",),
    "booking.guards.common.read_check_write": ("read_check_write",),
    "booking.processes.buyer": ("Buyer",),
    "booking.errors": (
        "ConflictError", "InventoryError", "MalformedError", "UnavailableError", "UncertainError",
    ),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE_OF)]  # noqa: PLE0604 - computed from the table above

if TYPE_CHECKING:
    from booking.core.base_classes import BaseGuard as BaseGuard
    from booking.core.base_classes import BaseStore as BaseStore
    from booking.core.capabilities import AdvisoryStore as AdvisoryStore
    from booking.core.capabilities import AtomicStore as AtomicStore
    from booking.core.capabilities import ConstrainedStore as ConstrainedStore
    from booking.core.capabilities import CountingStore as CountingStore
    from booking.core.capabilities import LeaseStore as LeaseStore
    from booking.core.capabilities import RowLockingStore as RowLockingStore
    from booking.core.capabilities import SerializableStore as SerializableStore
    from booking.core.capabilities import ShardedStore as ShardedStore
    from booking.core.capabilities import Snapshot as Snapshot
    from booking.core.capabilities import TicketPool as TicketPool
    from booking.core.capabilities import VersionedStore as VersionedStore
    from booking.core.per_process import PerProcess as PerProcess
    from booking.core.protocols import SOLD_OUT as SOLD_OUT
    from booking.core.protocols import Guard as Guard
    from booking.core.protocols import Kit as Kit
    from booking.core.protocols import Lock as Lock
    from booking.core.protocols import Order as Order
    from booking.core.protocols import Place as Place
    from booking.core.protocols import Reply as Reply
    from booking.core.protocols import Staffed as Staffed
    from booking.core.protocols import Store as Store
    from booking.core.steps import network as network
    from booking.core.steps import saw as saw
    from booking.core.steps import step as step
    from booking.errors import ConflictError as ConflictError
    from booking.errors import InventoryError as InventoryError
    from booking.errors import MalformedError as MalformedError
    from booking.errors import UnavailableError as UnavailableError
    from booking.errors import UncertainError as UncertainError
    from booking.guards.common.read_check_write import read_check_write as read_check_write
    from booking.processes.buyer import Buyer as Buyer


def __getattr__(name: str) -> Any:
    """Import a public name at its first use (PEP 562)."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return __all__
