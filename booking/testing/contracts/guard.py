"""What every guard keeps to, as a test suite::

from booking.testing import GuardContract

class TestMyGuard(GuardContract):
    guard = "mymodule:MyGuard"
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from booking.core.assembly import Assembly, arrange, assemble
from booking.core.base_classes import hooks
from booking.core.catalogue import carries
from booking.core.protocols import SOLD_OUT, Guard, Order, Store
from booking.core.registry import members
from booking.core.scenario import from_flags
from booking.core.steps import driven_by
from booking.core.traits import GuardTraits, guard_traits, store_traits
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import InventoryError, UsageError
from booking.experiments.sale import Sale, run_sale
from booking.processes.forked_process import ForkedProcess
from booking.system.pickled_copy import PickledCopy
from booking.testing.contracts.base import Contract, class_of, name_of, only_if
from booking.testing.contracts.drivers import Pause

QUANTITIES = ((1, 5, 5), (2, 5, 4), (3, 2, 0))  # tickets an order, tickets, and how many are sold
WAITING = {AnomalyName.HANG, AnomalyName.STALE_LOCK, AnomalyName.UNDERSELL}  # not one sold twice


def sound(kind: Any) -> bool:
    """Return whether a guard keeps buyers apart: it does not say the contrary."""
    return guard_traits(kind).sound is not False


def crash_safe(kind: Any) -> bool:
    """Return whether a guard says that the sale goes on when a buyer is killed."""
    return guard_traits(kind).crash_safe is True


def needs_more(kind: Any) -> bool:
    """Return whether a guard needs a capability of its store."""
    return guard_traits(kind).needs is not Store


def sells_itself(kind: Any) -> bool:
    """Return whether a buyer's own process carries out the order, and no clerk."""
    return not guard_traits(kind).staffed


class GuardContract(Contract):
    """Facts that every guard keeps to in sales of real processes; a subclass names the `guard`.

    `guard` is a name, `"module:Class"` or a class. `store` is where it sells from: by default the
    first registered store that carries it. `lock` is given to the guard, and `timeout` ends a sale
    in which no process takes a step. `pause_s` is for a guard `by_the_clock`: what it grants for a
    time has run out by then. A guard with `sound = False` keeps the facts about one buyer.
    """

    kind: ClassVar[str] = "guard"
    guard: ClassVar[str | type] = ""
    store: ClassVar[str | type | None] = None
    lock: ClassVar[str | type | None] = None
    timeout: ClassVar[str] = "10s"
    pause_s: ClassVar[float] = 1.5  # longer than any right of the guard's that time ends

    def facts(self) -> GuardTraits:
        """Return what the guard states about itself."""
        return guard_traits(class_of("guard", self.guard))

    def flags(self, **more: object) -> dict[str, Any]:
        """Return the flags of a sale with this guard."""
        store = self.store or first_store(class_of("guard", self.guard))
        flags: dict[str, Any] = {
            "store": name_of(store), "guard": name_of(self.guard), "timeout": self.timeout,
            "control": False, "search": False, **more,
        }  # fmt: skip
        if self.lock is not None:
            flags["lock"] = name_of(self.lock)
        return flags

    def sell(self, **more: object) -> Sale:
        """Run a sale of real processes."""
        return run_sale(from_flags(self.flags(**more)))

    def assembly(self) -> Assembly:
        """Return the parts of a sale, to use in this process."""
        return assemble(from_flags(self.flags()))

    def test_one_buyer_gets_every_ticket(self) -> None:
        """Alone, a buyer buys until the guard says sold out; then no ticket is left."""
        sale = self.sell(buyers=1, tickets=3, until_sold_out=True)
        assert_sold(sale, 3)
        assert [refused.error for refused in sale.completions("fail")] == [SOLD_OUT]

    @only_if(sound)
    def test_each_ticket_is_sold_once(self) -> None:
        """Buyers that order again and again, as fast as they can."""
        assert_sold(self.sell(buyers=4, tickets=40, until_sold_out=True, delay="0ms..1ms"), 40)

    @only_if(sound)
    def test_an_order_is_all_or_nothing(self) -> None:
        """What is left over is less than any order; the refused are told that it is sold out."""
        for quantity, tickets, sold in QUANTITIES:
            sale = self.sell(buyers=8, tickets=tickets, quantity=quantity, delay="1ms..5ms")
            assert_sold(sale, sold)
            assert sale.undersold == 0
            assert sale.completions("info") == []
            assert {refused.error for refused in sale.completions("fail")} == {SOLD_OUT}

    @only_if(sound)
    def test_a_death_before_the_first_effect_harms_no_other(self) -> None:
        """Nothing was taken: the others buy all tickets, and none waits for the dead buyer."""
        sale = self._killed(self._steps()[0])
        assert_sold(sale, 3)
        assert len(sale.completions("info")) == 1

    @only_if(sound)
    def test_a_death_before_the_last_effect_costs_one_order(self) -> None:
        """The order's outcome is unknown; no ticket is sold twice, and none is lost besides.

        A guard that is not `crash_safe` may leave the others waiting.
        """
        sale = self._killed(self._steps()[-1])
        assert sale.oversold == 0
        if sale.history.end.hung:
            assert self.facts().crash_safe is not True
            assert {anomaly.name for anomaly in sale.verdict.anomalies} <= WAITING
            return
        assert sale.verdict.outcome is Outcome.VALID, sale.verdict.reason
        assert sale.sold in {2, 3}
        assert sale.sold + (sale.remaining or 0) + sale.lost == 3

    @only_if(crash_safe)
    def test_a_death_before_any_effect_stops_no_other(self) -> None:
        """The fact `crash_safe`: no buyer hangs, and at most the dead buyer's order is lost."""
        for step in dict.fromkeys(self._steps()):
            sale = self._killed(step)
            assert sale.verdict.outcome is Outcome.VALID, (step, sale.verdict.reason)
            assert not sale.history.end.hung
            assert sale.sold + (sale.remaining or 0) + sale.lost == 3
            assert sale.lost <= len(sale.completions("info")) == 1

    def test_every_order_announces_its_steps(self) -> None:
        """No fault plan and no explorer sees an order without steps."""
        assert self._steps()

    @only_if(needs_more)
    def test_a_store_without_what_it_needs_is_refused(self, tmp_path: Path) -> None:
        """Before any process starts, with the capability that is missing."""
        flags = {**self.flags(), "store": "memory"}
        with pytest.raises(UsageError, match=self.facts().needs.__name__):
            assemble(from_flags(flags)).build_store(tmp_path)

    @only_if(sells_itself)
    def test_it_uses_no_more_than_it_needs(self, tmp_path: Path) -> None:
        """Every store with the capability `needs` can carry it, whatever else the store lacks."""
        with closing(self.assembly().build_store(tmp_path)) as store:
            store.reset(1)
            bare = _Bare(store, self.facts().needs)
            guard = self.assembly().build_guard(tmp_path, store)
            arrange(bare, guard)
            assert guard.sell(bare, Order(0)).type == "ok"
            assert guard.sell(bare, Order(0)).error == SOLD_OUT

    @only_if(sells_itself)
    def test_time_lets_another_buyer_in_as_stated(self, tmp_path: Path) -> None:
        """The fact `by_the_clock`: one who is kept out by a buyer gets in while that pauses."""
        kept_out = [at for at in range(len(self._steps())) if not self._gets_in(tmp_path, at, 0.0)]
        late = bool(kept_out) and self._gets_in(tmp_path, kept_out[-1], self.pause_s)
        assert late == self.facts().by_the_clock

    def _gets_in(self, folder: Path, at: int, pause_s: float) -> bool:
        """Return whether a buyer is sold a ticket while another one pauses before its step `at`."""
        assembly = assemble(from_flags(self.flags(tickets=3, acquire_timeout="200ms")))
        folder = folder / f"{at}-{pause_s}"
        folder.mkdir()
        with closing(assembly.build_store(folder)) as store:
            store.reset(3)
            guard = assembly.build_guard(folder, store)
            arrange(store, guard)
            hooks(store).disconnect()
            with ForkedProcess(_Buyer(store, guard)) as other:
                pause = Pause(at, pause_s, lambda: other.call("buys"))
                with driven_by(pause):
                    _Buyer(store, guard).buys()
                return pause.result

    @only_if(sells_itself)
    def test_a_pickled_copy_sells(self, tmp_path: Path) -> None:
        """A guard travels to every buyer's process, and opens its own connections there."""
        with closing(self.assembly().build_store(tmp_path)) as store:
            store.reset(2)
            guard = self.assembly().build_guard(tmp_path, store)
            arrange(store, guard)
            for number in range(2):
                assert PickledCopy(guard).load().sell(store, Order(number)).type == "ok"
            assert PickledCopy(guard).load().sell(store, Order(0)).error == SOLD_OUT

    def _steps(self) -> list[str]:
        """Return the steps of one order, as the buyer announced them."""
        sale = self.sell(buyers=1)
        return [step.f for step in sale.history.steps() if step.process == 0]

    def _killed(self, before: str) -> Sale:
        """Run a sale whose first buyer is killed before a step."""
        faults = [{"kind": "kill", "before": before}]
        sale = self.sell(buyers=6, tickets=3, faults=faults)
        assert sale.history.end.crashed or sale.history.end.hung
        return sale


def first_store(kind: Any) -> str:
    """Return the first registered store that processes share and that carries a guard."""
    for name, store in members("store"):
        if not isinstance(store, Exception) and carries(store, kind):
            traits = store_traits(store)
            if traits.shared and not traits.explored_only and not traits.torn_reads:
                return name
    raise UsageError(f"no registered store carries the guard {kind.__qualname__}; name one: store")


def assert_sold(sale: Sale, sold: int) -> None:
    """Assert that a sale's answers are right, and that it sold so many tickets and lost none.

    A sale that sells nothing, since orders are for more than there is, decides nothing.
    """
    right = Outcome.VALID if sold else Outcome.UNKNOWN
    assert sale.answers.outcome is right, sale.answers.reason
    assert (sale.sold, sale.remaining) == (sold, sale.tickets - sold)


class _Buyer:
    """A buyer of one ticket, in whichever process it is."""

    def __init__(self, store: Store, guard: Guard) -> None:
        self._store, self._guard = store, guard

    def buys(self) -> bool:
        """Return whether an order was carried out."""
        try:
            return self._guard.sell(self._store, Order(0)).type == "ok"
        except InventoryError:
            return False


class _Bare:
    """A store with the methods of a capability, and of every store, and no others."""

    def __init__(self, store: Store, needs: type) -> None:
        self._store = store
        self._allowed = {*dir(Store), *dir(needs)}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._allowed:
            raise AttributeError(f"a store with what this guard needs has no {name}")
        return getattr(self._store, name)

    def reset(self, tickets: int) -> None:
        """Fill the store."""
        self._store.reset(tickets)

    def read(self) -> int:
        """Return the count."""
        return self._store.read()

    def write(self, remaining: int) -> None:
        """Replace the count."""
        self._store.write(remaining)

    def close(self) -> None:
        """Close the store."""
        self._store.close()
