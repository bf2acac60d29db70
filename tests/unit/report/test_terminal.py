"""What people read: golden files of a sale that went wrong, one that went well, one that hung."""

from __future__ import annotations

from dataclasses import replace

import pytest

from booking.core.assembly import assemble
from booking.core.command_line import replay_command
from booking.core.scenario import Expect, Scenario
from booking.core.verdict import Anomaly, AnomalyName, Outcome, Verdict
from booking.experiments.sale import Sale
from booking.history.model import Event, History, SaleEnd, Wait
from booking.report.advice import cure
from booking.report.terminal import sale as sale_report
from booking.stores.memory_shared import MemorySharedStore
from tests.support.golden import golden

Capture = pytest.CaptureFixture[str]
MS = 1_000_000


def end(**changes: object) -> SaleEnd:
    return SaleEnd(**{"started": 2, "opened_ns": 4 * MS, "crashed": {}, **changes})


def history(*completions: Event, remaining: int | None = 2, **changes: object) -> History:
    return History(3, remaining, list(completions), {}, end(**changes))


def bought(process: int, ticket: int, at_ms: int) -> Event:
    return Event(0, process, "ok", "buy", ticket, at_ms * MS)


SCENARIO = Scenario(buyers=2, tickets=3, seed=7)
DOUBLE = Anomaly(AnomalyName.DOUBLE_SOLD, "ticket 3 was sold to buyer 0 and buyer 1")
OVERSOLD = Sale(
    assemble(SCENARIO),
    history(bought(0, 3, 24), bought(1, 3, 29)),
    Verdict(Outcome.INVALID, DOUBLE.message, (DOUBLE,)),
)
SOUND = Sale(
    assemble(SCENARIO.but(guard="lock", lock="flock")),
    history(bought(0, 3, 24), bought(1, 2, 44), remaining=1),
    Verdict(Outcome.VALID, "2 sold, 1 left; the same sale without the guard raced and sold 2"),
    OVERSOLD,
)
HUNG = Sale(
    assemble(SCENARIO.but(guard="lock", lock="mutex")),
    history(
        Event(0, 0, "info", "buy", None, 20 * MS, error="died of SIGKILL"),
        crashed={0: "died of SIGKILL"},
        hung=[1],
        waits=[Wait(1, "acquire", "mutex", 0)],
    ),
    Verdict(Outcome.INVALID, "1 buyer hung", (Anomaly(AnomalyName.HANG, "1 buyer hung"),)),
)
UNKNOWN = Sale(
    assemble(SCENARIO), history(remaining=None), Verdict(Outcome.UNKNOWN, "buyer 0 ended early: x")
)
SALES = {"oversold": OVERSOLD, "sound": SOUND, "hung": HUNG, "unknown": UNKNOWN}


@pytest.mark.parametrize("name", SALES)
def test_a_sale_reads_well(capsys: Capture, name: str) -> None:
    """Verdict, numbers, why, cure, and the command that repeats it."""
    sale_report.console.cache_clear()
    sale = SALES[name]
    sale_report.show_sale(sale, replay_command(sale.scenario), Expect(sold=2))
    sale_report.console.cache_clear()
    golden(f"sale-{name}.txt", capsys.readouterr().out)


@pytest.mark.parametrize(
    "store", ["sqlite", "postgresql://me:x@host/db", "tests.unit.report.test_terminal:Takes"]
)
def test_a_store_that_can_check_and_take_at_once_needs_no_lock(store: str) -> None:
    """A lock would keep apart buyers of one machine only."""
    told = cure(replace(OVERSOLD, assembly=assemble(SCENARIO.but(store=store))))
    assert told is not None
    assert "--guard atomic" in told
    assert "--lock" not in told


class Takes(MemorySharedStore):
    """A store of somebody's own."""

    def take(self, quantity: int) -> int | None:
        return None


def test_markup_in_names_is_text(capsys: Capture) -> None:
    """An error's brackets are no colour."""
    event = Event(0, 1, "info", "buy", None, 0, error="ValueError: [red]x[/]")
    sale_report.console.cache_clear()
    sale_report.console().print(sale_report.event_line(event, 1.5))
    sale_report.console.cache_clear()
    assert "[red]x[/]" in capsys.readouterr().out
