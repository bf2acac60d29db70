"""What no step stored, another program did; what steps stored is never taken for that."""

from __future__ import annotations

import msgspec
import pytest

from booking.core.assembly import assemble
from booking.core.catalogue import carries
from booking.core.scenario import Scenario
from booking.core.verdict import Anomaly, AnomalyName, Outcome, Verdict
from booking.experiments.outside import FILES, ONE_COUNT, unexplained, with_doubt
from booking.history.model import Event, History, SaleEnd
from tests.conftest import Result, Sell
from tests.support.variants import GUARDS, STORES

PAIRS = [
    (store, guard)
    for store in STORES
    for guard in sorted(ONE_COUNT)
    if carries(STORES[store], GUARDS[guard])
]


def history_of(sale: Result) -> History:
    events = [msgspec.convert(event, Event) for event in sale["events"]]
    end = msgspec.convert(sale["end"], SaleEnd, strict=False)
    return History(sale["tickets"], sale["remaining"], events, {}, end)


@pytest.mark.sweep(usual=lambda store, guard: store in {"json", "json-inplace", "sqlite"})
@pytest.mark.parametrize("store, guard", PAIRS)
def test_no_count_of_a_sale_that_is_left_alone_comes_from_outside(
    sell: Sell, store: str, guard: str
) -> None:
    """Each kind of step is read as what it does, also where the guard is no good."""
    sale = sell(store=store, guard=guard, buyers=6, tickets=9, until_sold_out=True,
                delay="0ms..2ms", control=False)  # fmt: skip
    history = history_of(sale)
    assert unexplained(history, files=store in FILES) == []
    shown = [at for at, event in enumerate(history.events) if event.f == "read"]
    history.events[shown[-1]] = msgspec.structs.replace(history.events[shown[-1]], saw=70)
    assert "found 70" in str(unexplained(history, files=store in FILES))


@pytest.mark.parametrize("store, guard", [("json", "none"), ("json", "lock"), ("sqlite", "atomic")])
def test_a_buyer_that_is_killed_leaves_no_false_trace(sell: Sell, store: str, guard: str) -> None:
    """Its last step may have taken effect or not."""
    action = "take" if guard == "atomic" else "replace"
    faults = [{"kind": "kill", "before": action, "nth": 2}, {"kind": "kill", "before": "read"}]
    sale = sell(store=store, guard=guard, buyers=6, tickets=9, until_sold_out=True, faults=faults,
                delay="0ms..2ms", control=False)  # fmt: skip
    assert unexplained(history_of(sale), files=store in FILES) == []


def step(at: int, process: int, f: str, value: int | None = None, saw: int | None = None) -> Event:
    return Event(0, process, "step", f, value, at, saw=saw)


def done(at: int, process: int, type_: str = "ok") -> Event:
    return Event(0, process, type_, "buy", None, at)


def test_a_count_that_was_replaced_for_good_comes_from_outside() -> None:
    """A backup that is restored holds a count that was there before."""
    first = [step(1, 0, "read", saw=3), step(2, 0, "replace", 2), done(3, 0)]
    stale = [step(4, 1, "read", saw=3), done(5, 1)]
    assert unexplained(History(3, 2, first), files=True) == []
    assert unexplained(History(3, 2, first + stale), files=True) == [
        "buyer 1 found 3, 0 ms after the start, which no buyer had left there"
    ]
    assert unexplained(History(3, 3, first), files=True) == [
        "the count at the end is 3, which no buyer had left there"
    ]
    overlapping = [step(2, 1, "read", saw=3), done(5, 1)]
    assert unexplained(History(3, 2, first + overlapping), files=True) == []


def test_a_write_that_may_have_failed_replaces_nothing() -> None:
    first = [step(1, 0, "read", saw=3), step(2, 0, "replace", 2), done(3, 0, "info")]
    assert unexplained(History(3, 3, first), files=True) == []


def test_a_change_of_unknown_outcome_leaves_all_open() -> None:
    """A statement that was cut off may have left any count."""
    take = [step(1, 0, "take"), done(2, 0, "info")]
    assert unexplained(History(3, 70, take), files=False) == []
    assert unexplained(History(3, 70, [step(1, 0, "claim"), done(2, 0)]), files=False) == []


LOST = Verdict(Outcome.INVALID, "gone", (Anomaly(AnomalyName.LOST_TICKET, "gone"),))
HUNG = Verdict(Outcome.INVALID, "stuck", (Anomaly(AnomalyName.HANG, "stuck"),))


@pytest.mark.parametrize("verdict, store, guard, doubted", [
    (LOST, "sqlite:sale.db", "pool", True),
    (LOST, "sqlite:sale.db", "atomic", False),
    (LOST, "sqlite", "pool", False),
    (HUNG, "sqlite:sale.db", "pool", False),
    (Verdict(Outcome.VALID, "fine"), "sqlite:sale.db", "pool", False),
])  # fmt: skip
def test_a_guilty_guard_stays_accused_and_the_reason_names_the_doubt(
    verdict: Verdict, store: str, guard: str, doubted: bool
) -> None:
    """Where nothing could show another program, the reason says so."""
    assembly = assemble(Scenario(store=store, guard=guard))
    said = with_doubt(verdict, assembly, History(3, 0))
    assert said.outcome is verdict.outcome
    assert ("another program" in said.reason) == doubted
