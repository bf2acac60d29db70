"""What the rounds of a purchase function in free processes show, and what they do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from booking.core.verdict import Outcome
from booking.errors import UsageError
from booking.experiments.behaviours import sale_host as host
from booking.experiments.behaviours.crowd import Crowd
from booking.experiments.behaviours.exploration import BehaviourSpec
from booking.experiments.behaviours.exploration_host import judged
from booking.experiments.behaviours.sale import BehaviourSale, SaleSpec
from booking.processes.behaviour_buyer import Bought
from booking.processes.purchase_worker import Purchase

SOLD, NONE = Bought("sold", 1), Bought("sold-out")
Span = tuple[int, int, Bought]


class Told:
    """Functions of a user that answer from a list: the tickets at first, then those left."""

    def __init__(self, left: int, setups: int = 10**9) -> None:
        self.left = left
        self.setups = setups

    def setup(self) -> None:
        self.setups -= 1
        if self.setups < 0:
            raise UsageError("--setup fails: OperationalError: database is locked")
        self.counts = [1]

    def count(self) -> int:
        return self.counts.pop() if self.counts else self.left

    def find_anomalies(self, tickets: int, answers: list[Bought]) -> dict[str, str]:
        return judged(tickets, self.left, answers)


def sold(
    spans: Sequence[Span], left: int, ended: dict[int, str] | None = None, *, setups: int = 10**9
) -> BehaviourSale:
    """Sell three rounds in which buyers do what is told."""
    functions: Any = Told(left, setups)
    found = [[Purchase(*span)] for span in spans]
    found += [[] for _ in ended or ()]

    class Scripted(Crowd):
        def sell(self, *_: Any, **__: Any) -> Any:
            return found, ended or {}, 0

    spec = SaleSpec(
        functions=BehaviourSpec(behaviour="", setup="", check="", buyers=len(found)), rounds=3
    )
    sale = host._Sale()
    crowd: Any = Scripted(functions, [], None)  # type: ignore[arg-type]  # it is not used
    while sale.rounds < spec.rounds and not (sale.violating or sale.stopped):
        host._round(crowd, spec, sale)
    return host.result_of(spec, sale, 0.0)


def test_purchases_that_do_not_overlap_show_nothing() -> None:
    """One behind the other there is no race, however many rounds there are."""
    sale = sold([(0, 5, SOLD), (5, 9, NONE)], 0)
    assert (sale.verdict, sale.pressure.overlap_max) == (Outcome.UNKNOWN, 1)
    assert "no two purchases overlapped" in sale.reason
    sale = sold([(0, 5, SOLD), (4, 9, NONE)], 0)
    assert (sale.verdict, sale.rounds, sale.pressure.overlap_max) == (Outcome.VALID, 3, 2)


def test_the_first_round_that_breaks_is_the_last() -> None:
    sale = sold([(0, 5, SOLD), (4, 9, SOLD)], 0)
    assert (sale.verdict, sale.rounds, sale.violating_rounds) == (Outcome.INVALID, 1, 1)
    assert list(sale.anomalies) == ["oversell", "lost-update"]


@pytest.mark.parametrize("ended", [{1: "was ended by SIGKILL"}])
def test_a_buyer_that_ends_midway_accuses_no_code(ended: dict[int, str]) -> None:
    """What it held comes back later: another buyer was told sold out for it."""
    sale = sold([(0, 5, NONE)], 1, ended)
    assert (sale.verdict, sale.anomalies) == (Outcome.UNKNOWN, {})
    assert sale.reason == "in round 1 buyer 1 was ended by SIGKILL"
    assert list(sold([(0, 5, NONE), (0, 5, SOLD)], 1).anomalies) == [
        "lost-update", "phantom-sold-out",
    ]  # fmt: skip


def test_an_inventory_that_cannot_be_filled_again_ends_the_sale() -> None:
    sale = sold([(0, 5, SOLD), (4, 9, NONE)], 0, setups=1)
    assert sale.verdict is Outcome.UNKNOWN
    assert sale.reason.startswith("before round 2 --setup fails")
    assert sale.reason.endswith("is a transaction left open?")
    with pytest.raises(UsageError, match="database is locked"):
        sold([(0, 5, SOLD)], 0, setups=0)
