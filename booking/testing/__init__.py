"""Tests for a user's own stores, locks and guards: races, contracts, Hypothesis.

::

    from booking.testing import StoreContract, assert_sound, schedules
    from hypothesis import given

    def test_shop_races_no_more(race):  # a fixture of the pytest plugin
        race(ShopStore, buyers=3, tickets=2, lock="flock").sound()
        race(ShopStore, buyers=3, tickets=2, lock="flock").proved()

    class TestShop(StoreContract):
        store = "shop:ShopStore"

    @given(schedules(buyers=3))
    def test_shop_never_oversells(schedule):
        assert_sound("shop:ShopStore", schedule, tickets=2, lock="flock")

A race test sells with real buyer processes, or explores every interleaving. A contract states each
fact that every store, lock or guard keeps to, as one test. With Hypothesis the order in which
buyers take their steps is data: a failing test is deterministic, and shrinks to the shortest order
that fails.

Names are imported at their first use: the pytest plugin is part of this package, and a run of
pytest that tests no race shall not wait for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "booking.testing.behaviours": ("explore_behaviour", "private_postgres"),
    "booking.testing.contracts.guard": ("GuardContract",),
    "booking.testing.contracts.lock": ("LockContract",),
    "booking.testing.contracts.store": ("StoreContract",),
    "booking.testing.outcomes": ("UnknownVerdict",),
    "booking.testing.plugin": ("RaceMaker",),
    "booking.testing.races": ("Race", "RaceOptions", "RaceResult", "assert_proved", "race"),
    "booking.testing.scheduled_sale": ("ScheduledSale", "assert_sound", "sell"),
    "booking.testing.stateful": ("RaceMachine", "StoreMachine"),
    "booking.testing.strategies": ("Schedule", "schedules"),
}
_MODULE_OF = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - computed from the table above

if TYPE_CHECKING:
    from booking.testing.behaviours import explore_behaviour as explore_behaviour
    from booking.testing.behaviours import private_postgres as private_postgres
    from booking.testing.contracts.guard import GuardContract as GuardContract
    from booking.testing.contracts.lock import LockContract as LockContract
    from booking.testing.contracts.store import StoreContract as StoreContract
    from booking.testing.outcomes import UnknownVerdict as UnknownVerdict
    from booking.testing.plugin import RaceMaker as RaceMaker
    from booking.testing.races import Race as Race
    from booking.testing.races import RaceOptions as RaceOptions
    from booking.testing.races import RaceResult as RaceResult
    from booking.testing.races import assert_proved as assert_proved
    from booking.testing.races import race as race
    from booking.testing.scheduled_sale import ScheduledSale as ScheduledSale
    from booking.testing.scheduled_sale import assert_sound as assert_sound
    from booking.testing.scheduled_sale import sell as sell
    from booking.testing.stateful import RaceMachine as RaceMachine
    from booking.testing.stateful import StoreMachine as StoreMachine
    from booking.testing.strategies import Schedule as Schedule
    from booking.testing.strategies import schedules as schedules


def __getattr__(name: str) -> Any:
    """Import a public name at its first use (PEP 562)."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return __all__
