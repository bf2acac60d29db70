"""The names that users may rely on: each list is held here, so that a change is a decision."""

from __future__ import annotations

import importlib
import subprocess
import sys

import booking
import booking.testing

PUBLIC = [
    "AdvisoryStore", "AtomicStore", "BaseGuard", "BaseStore", "Buyer", "ConflictError",
    "ConstrainedStore", "CountingStore", "Guard", "InventoryError", "Kit", "LeaseStore", "Lock",
    "MalformedError", "Order", "PerProcess", "Place", "Reply", "RowLockingStore", "SOLD_OUT",
    "SerializableStore", "ShardedStore", "Snapshot", "Staffed", "Store", "TicketPool",
    "UnavailableError", "UncertainError", "VersionedStore", "__version__", "network",
    "read_check_write", "saw", "step",
]  # fmt: skip
TESTING = [
    "GuardContract", "LockContract", "Race", "RaceMachine", "RaceMaker", "RaceOptions",
    "RaceResult", "Schedule", "ScheduledSale", "StoreContract", "StoreMachine", "UnknownVerdict",
    "assert_proved", "assert_sound", "explore_behaviour", "private_postgres", "race",
    "schedules", "sell",
]  # fmt: skip


def test_the_public_names_of_booking() -> None:
    """`booking.__all__` is this list, and every name can be had."""
    assert sorted(booking.__all__) == PUBLIC
    assert all(hasattr(booking, name) for name in PUBLIC)


def test_the_public_names_of_booking_testing() -> None:
    """`booking.testing.__all__` is this list, and every name can be had."""
    assert sorted(booking.testing.__all__) == TESTING
    assert all(hasattr(booking.testing, name) for name in TESTING)


def test_booking_testing_needs_no_pytest() -> None:
    """Race tests run under any runner; pytest is imported with the first contract."""
    code = "import booking.testing, sys; print('pytest' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_importing_booking_imports_nothing_else_of_it() -> None:
    """Names are imported at first use; `import booking` stays as quick as Python allows."""
    code = "import booking, sys; print([name for name in sys.modules if 'booking.' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """`from booking import nonsense` fails as it does for any module."""
    assert not hasattr(importlib.import_module("booking"), "nonsense")
