"""Every registered store that processes share, and every guard."""

from __future__ import annotations

from booking.core.registry import members

STORES = {
    name: store
    for name, store in members("store")
    if store.shared and not getattr(store, "explored_only", False)
}
GUARDS = dict(members("guard"))
