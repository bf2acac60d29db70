"""Steps under different names commute only if what they do says so."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest

from booking.core.steps import saw, step
from booking.core.verdict import Outcome
from booking.explorer.commuting import _as_early
from tests.support.explorations import explored
from tests.support.shops import Shop

FOREIGN = "tests.trust.databases:ForeignInside"


class TwoNames(Shop):
    """Reads under one name what it replaces under another; neither begins an order nor ends it."""

    def read(self) -> int:
        step("read", "prices")
        step("read", "tickets")
        count = int(self.path.read_text())
        saw(count)
        return count

    def write(self, remaining: int) -> None:
        super().write(remaining)
        step("read", "prices")

    def snapshot(self) -> str:
        return self.path.read_text()


class Unseen(TwoNames):
    """The same; the explorer is not shown what is shared."""

    def __init__(self, place: Any) -> None:
        super().__init__(place)
        self.hidden, self.path = self.path, None

    snapshot = None  # type: ignore[assignment]  # it has none

    def reset(self, tickets: int) -> None:
        self.hidden.write_text(str(tickets))

    def read(self) -> int:
        step("read", "prices")
        step("read", "tickets")
        count = int(self.hidden.read_text())
        saw(count)
        return count

    def write(self, remaining: int) -> None:
        step("write", "shop", remaining)
        self.hidden.write_text(str(remaining))
        step("read", "prices")


def outcome(store: str, *sale: Any, **more: Any) -> tuple[Outcome, str]:
    """Return the outcome of an exploration, and all that it doubts."""
    found = explored(*sale, store=store, **more).exploration
    return found.outcome, "; ".join(map(str, found.caveats))


@pytest.mark.parametrize("store", [FOREIGN, f"{__name__}:TwoNames", f"{__name__}:Unseen"])
def test_two_names_for_one_thing_are_a_doubt(store: str) -> None:
    """Reduced by their names, no order broke the sale; it has orders that do."""
    found, doubts = outcome(store, 2, 1, method="reduced")
    assert found is Outcome.UNKNOWN
    assert "step read tickets: it does otherwise once steps under other names" in doubts, doubts


def test_it_is_found_with_quantities_and_is_invalid_when_explored_plainly() -> None:
    """Where buyers differ the reduction is what an exploration uses by itself."""
    found, doubts = outcome(FOREIGN, (2, 1), 2)
    assert (found, "under other names" in doubts) == (Outcome.UNKNOWN, True)
    assert outcome(FOREIGN, 2, 1, method="plain")[0] is Outcome.INVALID
    assert outcome(FOREIGN, 2, 1, method="graph")[0] is Outcome.INVALID


@pytest.mark.parametrize("store", ["LaggingCopy", "TextStore", "FillsCache"])
def test_things_that_are_apart_are_no_doubt(store: str) -> None:
    """Two files under one lock, for example."""
    _, doubts = outcome(f"tests.trust.stores:{store}", (2, 1), 2, lock="flock")
    assert "under other names" not in doubts


@pytest.mark.parametrize("tasks, steps", [(2, 2), (2, 3), (3, 2)])
def test_any_two_steps_that_may_come_the_other_way_round_do(tasks: int, steps: int) -> None:
    """In one of the orders, each of which keeps what has to come before."""
    schedule = [task for task in range(tasks) for _ in range(steps)]
    numbers = range(len(schedule))
    foreign = [(a, b) for a in numbers for b in numbers if a < b and schedule[a] != schedule[b]]
    for chosen in product([False, True], repeat=min(len(foreign), 9)):
        edges = {pair for pair, is_edge in zip(foreign, chosen, strict=False) if is_edge}
        edges |= {(a, b) for a, b in pairwise(numbers) if schedule[a] == schedule[b]}
        pasts = [0] * len(schedule)
        for b in numbers:
            for a in range(b):
                if (a, b) in edges:
                    pasts[b] |= pasts[a] | 1 << a
        orders = [list(_as_early(task, schedule, pasts)) for task in range(tasks)]
        for order in orders:
            assert sorted(order) == list(numbers)
            assert all(order.index(a) < order.index(b) for a, b in edges)
        for a, b in foreign:
            if not pasts[b] >> a & 1:
                assert any(order.index(b) < order.index(a) for order in orders)
