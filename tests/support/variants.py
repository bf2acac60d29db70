"""Every registered store that processes share, and every guard; a contract over many of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from booking.core.registry import members

STORES = {
    name: store
    for name, store in members("store")
    if store.shared and not getattr(store, "explored_only", False)
}
GUARDS = dict(members("guard"))


def contract_tests(contract: type, variants: Iterable[dict[str, Any]]) -> dict[str, type]:
    """Return a test class for each variant, by name: what a user writes by hand for one."""
    tests = {}
    for attributes in variants:
        name = "Test_" + "_".join(str(value) for value in attributes.values())
        tests[name] = type(name, (contract,), attributes)
    return tests
