"""Sell with a purchase function in free processes: what is asked for, and what comes back.

All buyers start at once, round after round, until a sale breaks. Nothing is ordered, so a sale
that does not break proves nothing: `explore` executes every order.
"""

from __future__ import annotations

import shlex

import msgspec

from booking.core.verdict import Outcome
from booking.errors import UsageError
from booking.experiments.behaviours.exploration import BehaviourSpec
from booking.experiments.behaviours.host_process import Progress, ask
from booking.history.model import Event, History, SaleEnd
from booking.processes.behaviour_buyer import Bought

HOST = "booking.experiments.behaviours.sale_host"
BUYERS = 10
BUYERS_MAX = 200
ROUNDS = 50
ROUNDS_MAX = 1_000_000
TIMEOUT_S = 10.0


class SaleSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to sell with, how many buyers come, how often, and how long a purchase may take."""

    functions: BehaviourSpec
    rounds: int = ROUNDS
    timeout_s: float = TIMEOUT_S


class SalePurchase(msgspec.Struct, array_like=True, frozen=True):
    """One purchase of a round: the buyer, when it began and ended, and its answer."""

    buyer: int
    begun_ns: int
    ended_ns: int | None  # None: it never ended
    bought: Bought


class SaleRound(msgspec.Struct, frozen=True):
    """One round: the purchases, in the order of their beginning, and the count behind them."""

    tickets: int
    remaining: int | None  # None: it could not be counted
    purchases: list[SalePurchase]

    @property
    def sold(self) -> int:
        """How many tickets buyers were told that they have."""
        return sum(one.bought.tickets for one in self.purchases if one.bought.result == "sold")


class Pressure(msgspec.Struct, frozen=True):
    """How hard the buyers came together: the tightest start, the most purchases at a time."""

    released_within_ms: float = 0.0
    overlap_max: int = 0
    sold_out: int = 0  # purchases that were told so


class BehaviourSale(msgspec.Struct, frozen=True, kw_only=True):
    """The result: the rounds, and the last one, which is the one that broke if any did."""

    verdict: Outcome
    reason: str
    anomalies: dict[str, str]
    rounds: int
    violating_rounds: int
    last: SaleRound
    sold: int  # in all rounds
    answers: dict[str, int]  # how many purchases were sold, sold out, of unknown outcome
    ended: dict[int, str]  # buyers whose process ended or hung, and how
    pressure: Pressure
    selling_s: float  # from the opening of the barrier to the last answer, in all rounds
    elapsed_s: float


def sell_behaviour(
    spec: SaleSpec, progress: Progress = lambda _round, _rounds: None
) -> BehaviourSale:
    """Sell in free processes; raise `BookingError` where the functions cannot be used."""
    if not 1 <= spec.functions.buyers <= BUYERS_MAX:
        raise UsageError(f"--buyers: from 1 to {BUYERS_MAX}, not {spec.functions.buyers}")
    if not 1 <= spec.rounds <= ROUNDS_MAX:
        raise UsageError(f"--rounds: from 1 to {ROUNDS_MAX:,}, not {spec.rounds}")
    return ask(HOST, spec, BehaviourSale, spec.functions.path, progress)


def history_of(sale: BehaviourSale, spec: SaleSpec) -> History:
    """Return the last round as the history of a sale."""
    moments: list[tuple[int, Event]] = []
    for one in sale.last.purchases:
        quantity = one.bought.tickets or 1
        invoke = Event(0, one.buyer, "invoke", "buy", time=one.begun_ns, quantity=quantity)
        moments.append((one.begun_ns, invoke))
        if one.ended_ns is not None:
            moments.append((one.ended_ns, _completion(one, one.ended_ns)))
    moments.sort(key=lambda moment: moment[0])
    events = [msgspec.structs.replace(event, index=at) for at, (_, event) in enumerate(moments, 1)]
    head = {"behaviour": spec.functions.behaviour, "buyers": spec.functions.buyers}
    return History(
        sale.last.tickets, sale.last.remaining, events, head,
        SaleEnd(started=spec.functions.buyers, crashed=dict(sale.ended.items())),
    )  # fmt: skip


def _completion(one: SalePurchase, ended_ns: int) -> Event:
    bought = one.bought
    kind = {"sold": "ok", "sold-out": "fail"}.get(bought.result, "info")
    seat = bought.seats[0] if len(bought.seats) == 1 else None
    error = "sold-out" if bought.result == "sold-out" else bought.error or None
    return Event(0, one.buyer, kind, "buy", seat, ended_ns, error, bought.tickets or 1)


def sell_again(spec: SaleSpec) -> str:
    """Return the command that sells again."""
    functions = spec.functions
    words = ["booking", "simulate", "--behaviour", functions.behaviour,
             "--setup", functions.setup, "--check", functions.check]  # fmt: skip
    for option, value in (("--invariant", functions.invariant), ("--init", functions.init)):
        words += [] if value is None else [option, value]
    words += ["--buyers", str(functions.buyers)] if functions.buyers != BUYERS else []
    words += ["--rounds", str(spec.rounds)] if spec.rounds != ROUNDS else []
    words += ["--timeout", f"{spec.timeout_s:g}s"] if spec.timeout_s != TIMEOUT_S else []
    words += [word for name in functions.servers for word in ("--with", name)]
    words += [word for name in functions.reset for word in ("--i-may-reset", name)]
    return shlex.join(words)
