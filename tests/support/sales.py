"""Sales as results that a report shows, and flags that several tests ask for."""

from __future__ import annotations

from typing import Any

from booking.core.assembly import assemble
from booking.core.scenario import Scenario
from booking.core.verdict import Anomaly, AnomalyName, Outcome, Verdict
from booking.experiments.sale import Sale
from booking.history.model import Event, History, SaleEnd, Wait

# Orders enough for a clerk to serve in batches, as fast as the buyers can send them.
MANY: dict[str, Any] = {
    "buyers": 8, "tickets": 60, "until_sold_out": True, "search": False, "delay": "0ms",
}  # fmt: skip
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
LONG_STORE = "postgresql://sale@database-1.eu-central.example.org:5432/tickets?application_name=x"
MANY_WRONG = Sale(
    assemble(SCENARIO.but(buyers=100, store=LONG_STORE, tickets=1000)),
    History(1000, -7, [bought(n, 1 + n // 2, 24 + n) for n in range(100)], {}, end(started=100)),
    Verdict(
        Outcome.INVALID,
        "many",
        tuple(
            Anomaly(name, f"{name} of ticket 3: {'buyer 35, buyer 53 and buyer 26 ' * 2}are many")
            for name in AnomalyName
            if name is not AnomalyName.HANG
        ),
    ),
)
