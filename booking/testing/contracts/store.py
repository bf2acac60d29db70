"""What every store keeps to, as a test suite::

from booking.testing import StoreContract

class TestMyStore(StoreContract):
    store = "mymodule:MyStore"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from booking.core.base_classes import BaseStore, can_write, hooks
from booking.core.protocols import TICKETS_MAX, Place, Store
from booking.core.registry import build, split_url, takes_argument
from booking.core.steps import driven_by
from booking.core.traits import StoreTraits, store_traits
from booking.errors import InventoryError, MalformedError
from booking.history.actions import READS
from booking.processes.forked_process import ForkedProcess
from booking.system.pickled_copy import PickledCopy
from booking.testing.contracts.base import class_of, name_of, only_if
from booking.testing.contracts.capabilities import CapabilityFacts
from booking.testing.contracts.drivers import Interference, StepRecorder

PATIENCE_S = 0.05  # how long a store waits for another one here
TIMES = 5


def shared(kind: Any) -> bool:
    """Return whether all buyers share the count of a store."""
    return store_traits(kind).shared


def shared_by_processes(kind: Any) -> bool:
    """Return whether real processes share the count of a store."""
    return shared(kind) and for_processes(kind)


def for_processes(kind: Any) -> bool:
    """Return whether a store can be used in several processes."""
    return not store_traits(kind).explored_only


def explored_only(kind: Any) -> bool:
    """Return whether a store says that it lives in one process."""
    return store_traits(kind).explored_only


def limits_buyers(kind: Any) -> bool:
    """Return whether a store says how many buyers may connect."""
    return store_traits(kind).buyers_max is not None


def reserves(kind: Any) -> bool:
    """Return whether a store has a way of its own to hold an inventory for one run."""
    return getattr(kind, "reserved", BaseStore.reserved) is not BaseStore.reserved


class StoreContract(CapabilityFacts):
    """Facts that every store keeps to; a subclass names the `store`.

    `store` is a name, a URL, `"module:Class"` or a class. A fact about a capability is tested
    where the store has that capability. `tickets_max` is the largest count that it holds.
    """

    kind: ClassVar[str] = "store"
    store: ClassVar[str | type] = ""
    tickets_max: ClassVar[int] = TICKETS_MAX

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Any]:
        """Build the store, as a sale in `folder` does; close it at the end."""
        name, location = split_url(name_of(self.store))
        store: Store = build("store", name, Place(location, folder, patience_s=PATIENCE_S))
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def copied(self, store: Store) -> Iterator[Any]:
        """Copy the store as it travels to a buyer's process; close the copy at the end."""
        copy = cast("Store", PickledCopy(store).load())
        try:
            yield copy
        finally:
            copy.close()

    @contextmanager
    def beside_a_process(self, folder: Path) -> Iterator[tuple[Any, ForkedProcess]]:
        """Fill the store with 3 tickets; start a process with it, as the harness starts a buyer."""
        with self.opened(folder) as store:
            store.reset(3)
            hooks(store).disconnect()
            with ForkedProcess(store) as other:
                yield store, other

    def facts(self) -> StoreTraits:
        """Return what the store states about itself."""
        return store_traits(class_of("store", self.store))

    @only_if(can_write)
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        """From zero to the largest count."""
        with self.opened(tmp_path) as store:
            store.reset(5)
            assert store.read() == 5
            for count in (4, 0, self.tickets_max, 10, 9):
                store.write(count)
                assert store.read() == count

    def test_a_second_reset_replaces_the_first(self, tmp_path: Path) -> None:
        """A store can be filled anew, also with fewer tickets."""
        with self.opened(tmp_path) as store:
            for tickets in (1, 70, 7):
                store.reset(tickets)
                assert store.read() == tickets

    def test_a_missing_inventory_is_an_inventory_error(self, tmp_path: Path) -> None:
        """Reading what was never filled raises `InventoryError` with one line."""
        if split_url(name_of(self.store))[1] or not takes_argument(class_of("store", self.store)):
            pytest.skip("the store has one inventory, which an earlier sale may have filled")
        with self.opened(tmp_path) as store:
            with pytest.raises(InventoryError) as raised:
                store.read()
            assert len(str(raised.value).splitlines()) == 1

    def test_a_second_close_does_nothing(self, tmp_path: Path) -> None:
        """Closing is harmless before the first use, and after the last."""
        with self.opened(tmp_path) as store:
            store.close()
            store.reset(1)
            store.close()
            store.close()

    @only_if(can_write)
    def test_a_closed_store_opens_again(self, tmp_path: Path) -> None:
        """The harness closes a store before it forks the buyers, who go on with the same object."""
        with self.opened(tmp_path) as store:
            store.reset(3)
            store.close()
            assert store.read() == 3
            store.write(2)
            store.close()
            assert store.read() == 2

    @only_if(can_write)
    def test_closing_closes_every_descriptor(self, tmp_path: Path) -> None:
        """However often a store is opened and closed, the process holds no more open files."""

        def use() -> int:
            with self.opened(tmp_path) as store:
                store.reset(3)
                store.write(store.read() - 1)
            return len(list(Path("/dev/fd").iterdir()))

        use()  # the first use may start a server, which stays
        assert {use() for _ in range(TIMES)} == {use()}

    def test_a_pickled_copy_has_its_own_connection(self, tmp_path: Path) -> None:
        """A store travels before and after its first use; the copy's end is not the original's."""
        with self.opened(tmp_path) as store:
            with self.copied(store):
                pass
            store.reset(3)
            with self.copied(store) as copy:
                assert copy.read() == 3
            assert store.read() == 3

    @only_if(can_write)
    def test_copies_share_the_count_as_stated(self, tmp_path: Path) -> None:
        """The fact `shared`: each copy sees what another one writes, or none does."""
        with self.opened(tmp_path) as store:
            store.reset(3)
            with self.copied(store) as copy:
                store.write(2)
                assert (copy.read() == 2) == self.facts().shared
                copy.write(1)
                assert (store.read() == 1) == self.facts().shared

    @only_if(for_processes)
    @only_if(can_write)
    def test_processes_share_the_count_as_stated(self, tmp_path: Path) -> None:
        """The fact `shared` between real processes, in both directions."""
        with self.beside_a_process(tmp_path) as (store, other):
            store.write(2)
            assert (other.call("read") == 2) == self.facts().shared
            other.call("write", 1)
            assert (store.read() == 1) == self.facts().shared

    @only_if(explored_only)
    def test_no_other_process_sees_the_count_as_stated(self, tmp_path: Path) -> None:
        """The fact `explored_only`: a store that processes could share need not be kept from them.

        The other process sees its own count, or an error.
        """
        with self.beside_a_process(tmp_path) as (store, other):
            store.write(2)
            with suppress(InventoryError):
                assert other.call("read") != 2

    @only_if(limits_buyers)
    def test_as_many_buyers_connect_as_stated(self, tmp_path: Path) -> None:
        """The fact `buyers_max`: so many have a connection at the same time."""
        with self.opened(tmp_path) as store, ExitStack() as buyers:
            store.reset(3)
            for _ in range(self.facts().buyers_max or 0):
                buyer = buyers.enter_context(self.copied(store))
                hooks(buyer).connect()
            assert buyer.read() == 3

    @only_if(for_processes)
    @only_if(can_write)
    def test_a_fork_opens_its_own_connection(self, tmp_path: Path) -> None:
        """A fork uses a store that was open before; closing it there leaves the parent's open."""
        with self.opened(tmp_path) as store:
            store.reset(3)
            store.read()
            with ForkedProcess(store) as other:
                assert other.call("read") == 3
                other.call("close")
                assert store.read() == 3
                assert other.call("read") == 3
            with ForkedProcess(store) as other:
                other.call("close")
            assert store.read() == 3
            store.write(2)
            assert store.read() == 2

    @only_if(shared_by_processes)
    @only_if(can_write)
    def test_buyers_come_and_go_while_a_store_is_open(self, tmp_path: Path) -> None:
        """Each sees the last reset, and what it writes is seen; its close takes nothing along."""
        with self.beside_a_process(tmp_path) as (store, other):
            for tickets in range(1, TIMES + 1):
                store.reset(tickets)
                assert other.call("read") == tickets
                other.call("write", tickets - 1)
                assert store.read() == tickets - 1
                other.call("close")

    def test_a_read_is_announced(self, tmp_path: Path) -> None:
        """As one step `read`, followed by the count that it saw."""
        with self.opened(tmp_path) as store:
            store.reset(3)
            recorder = StepRecorder()
            with driven_by(recorder):
                store.read()
            assert recorder.recorded == [("read", None), ("saw", 3)]

    @only_if(can_write)
    def test_a_write_is_announced(self, tmp_path: Path) -> None:
        """The last of its steps says which count it will store; no step of it is a read."""
        with self.opened(tmp_path) as store:
            store.reset(3)
            store.read()
            recorder = StepRecorder()
            with driven_by(recorder):
                store.write(2)
            assert recorder.steps[-1:] == [(recorder.steps[-1][0], 2)]
            assert not READS & {action for action, _ in recorder.steps}

    @only_if(shared)
    @only_if(can_write)
    def test_a_read_is_announced_before_its_effect(self, tmp_path: Path) -> None:
        """What another buyer writes right after the step is what the read returns."""
        with self.opened(tmp_path) as store:
            store.reset(3)
            with (
                self.copied(store) as copy,
                driven_by(Interference(lambda: copy.write(2), once=True)),
            ):
                assert store.read() == 2

    @only_if(shared)
    @only_if(can_write)
    def test_a_write_is_announced_before_its_effect(self, tmp_path: Path) -> None:
        """Right after its last step another buyer still sees no new count."""
        seen = self._seen_during_write(tmp_path)
        assert seen
        assert 2 not in seen

    @only_if(shared)
    @only_if(can_write)
    def test_half_written_counts_are_seen_as_stated(self, tmp_path: Path) -> None:
        """The fact `torn_reads`: between two steps of a write a reader meets `MalformedError`."""
        seen = self._seen_during_write(tmp_path)
        assert (None in seen) == self.facts().torn_reads

    def test_optional_methods_change_nothing(self, tmp_path: Path) -> None:
        """`prepare`, `connect`, `sweep` and `gather` keep the count, and announce no step."""
        with self.opened(tmp_path) as store:
            store.reset(3)
            recorder = StepRecorder()
            optional = hooks(store)
            with driven_by(recorder):
                for method in (optional.prepare, optional.connect, optional.sweep, optional.gather):
                    method()
            assert recorder.recorded == []
            assert store.read() == 3

    @only_if(reserves)
    def test_a_reserved_inventory_is_refused_to_a_second_run(self, tmp_path: Path) -> None:
        """Until the first run ends; then the next one may have it."""
        with self.opened(tmp_path) as store, self.copied(store) as copy:
            store.reset(3)
            with store.reserved():
                assert not _can(copy.reserved)
            assert _can(copy.reserved)

    def _seen_during_write(self, folder: Path) -> list[int | None]:
        """Return what another buyer reads after each step of a write; None: a torn read."""
        seen: list[int | None] = []
        with self.opened(folder) as store:
            store.reset(3)
            with self.copied(store) as copy:

                def look() -> None:
                    seen.append(None)
                    with suppress(MalformedError):
                        seen[-1] = copy.read()

                with driven_by(Interference(look)):
                    store.write(2)
        return seen


def _can(reserve: Callable[[], Any]) -> bool:
    try:
        with reserve():
            return True
    except InventoryError:
        return False
