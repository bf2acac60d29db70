"""Run one variant in one mode, in this process; `worker` puts a limit around it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from random import Random
from typing import Any

from booking.checker import Columns, decide
from booking.core.counterexample import CounterexampleBuyer
from booking.core.scenario import Scenario, from_flags
from booking.experiments import lock_probe
from booking.experiments import matrix as matrix_module
from booking.experiments.exploration import Proof, prove
from booking.experiments.kill_safety import kill_safety
from booking.experiments.matrix import Shown, fill
from booking.experiments.replay import replay
from booking.experiments.sale import Sale, run_sale
from booking.experiments.scheduled import run_scheduled
from booking.explorer.model import Limits
from booking.history import read
from booking.history.model import dump
from booking.report.exploration_document import exploration_document
from booking.testing import assert_sound
from booking.testing.strategies import Schedule
from tests.trust.interrupted import interrupted
from tests.trust.variant import UNDECIDABLE, Seen, Variant

LIMITS = Limits(50_000, 4.0)
BUYERS_REAL = 4  # of a sale without a schedule: at least so many
SEEDS = (1, 2)
MORE_SEEDS = (1, 4, 10, 2, 3, 5, 6, 7)  # so that luck is not taken for blindness
ORDERS = 15  # orders of steps that a test of a user tries
TRIALS = 4  # of a column of the matrix: its sales of real processes
TIMEOUT = "2s"
SHORT = "500ms"  # of a sale that is never quiet
SOON_S = 2.0  # a grant that never comes
LONG_S = 10.0

# What `explore` is given in each of its modes: its method, and the shape of its sale.
EXPLORE = {
    "explore": ("auto", "plain"),
    "explore-graph": ("graph", "plain"),
    "explore-reduced": ("reduced", "plain"),
    "explore-plain": ("plain", "plain"),
    "explore-quantity": ("auto", "quantity"),
    "explore-search": ("auto", "search"),
    "explore-timeout": ("auto", "timeout"),
}
SCHEDULES = ("random", "pct")
# What happens in a sale of real processes, beside the orders of steps that it did not take.
SALES = {
    "simulate": {"plain", "search"}, "random": {"plain"}, "pct": {"plain"}, "large": {"plain"},
    "slow": {"plain", "timeout"},
}  # fmt: skip


def explored(variant: Variant, method: str, shape: str) -> Proof:
    """Explore the bounded sale of a shape."""
    quantities = [1] * variant.buyers
    if shape == "quantity":
        quantities[0] = 2
    tickets = max(variant.tickets, quantities[0])
    flags = {**variant.flags, "tickets": tickets, "buyers": variant.buyers, "timeout": TIMEOUT}
    if shape == "timeout":
        flags["acquire_timeout"] = "1s"
    scenario = from_flags(flags).but(search=shape == "search")
    buyers = [CounterexampleBuyer(f"buyer {n}", quantity) for n, quantity in enumerate(quantities)]
    return prove(scenario, buyers, LIMITS, method=method)  # type: ignore[arg-type]  # a known one


def run(variant: Variant, mode: str) -> Seen:
    """Return what a mode answers about a variant."""
    if variant.crash_safe is False:
        lock_probe.GRANT_S = SOON_S
    if mode in EXPLORE:
        return _explore(variant, *EXPLORE[mode])
    if mode in SCHEDULES:
        return _schedule(variant, mode)
    return _OTHERS[mode](variant)


def _explore(variant: Variant, method: str, shape: str) -> Seen:
    proof = explored(variant, method, shape)
    document: dict[str, Any] = exploration_document(proof, None)
    caveats = tuple(str(caveat) for caveat in document.get("caveats", ()))
    found = proof.exploration
    return Seen(found.outcome.value, proof.reason, caveats, tuple(sorted(found.findings)))


def _real(variant: Variant, **more: Any) -> Scenario:
    buyers = max(variant.buyers, BUYERS_REAL)
    timeout = SHORT if variant.kind == "spin" else TIMEOUT
    return from_flags({**variant.flags, "buyers": buyers, "seed": 1, "timeout": timeout, **more})


def _told(sale: Sale, where: str = "") -> Seen:
    """Return what a sale of real processes says: its verdict, and what that rests on."""
    verdict = sale.verdict
    names = tuple(sorted({anomaly.name.value for anomaly in verdict.anomalies}))
    return Seen(verdict.outcome.value, where + verdict.reason, tuple(sale.premises), names)


def _simulate(variant: Variant) -> Seen:
    return _told(run_sale(_real(variant)))


def _schedule(variant: Variant, name: str) -> Seen:
    """Run the bounded sale with several seeds: invalid beats valid, valid beats unknown.

    Only the last ones have a control, which finds nothing and without which nothing is valid.
    """
    bounded = _real(variant, buyers=variant.buyers).but(search=False)
    for seed in MORE_SEEDS if "plain" in variant.shows else SEEDS:
        seen = _told(run_scheduled(bounded.but(seed=seed, control=False), name), f"seed {seed}: ")
        if seen.outcome == "invalid":
            return seen
    for seed in SEEDS:
        seen = _told(run_scheduled(bounded.but(seed=seed), name), f"seed {seed}: ")
        if seen.outcome != "unknown":
            return seen
    return seen


def _assert_sound(variant: Variant) -> Seen:
    """Sell in many orders, as a test of a user does; the first failure counts."""
    random = Random(1)
    worst = Seen("valid", f"{ORDERS} orders")
    for number in range(ORDERS):
        choices = tuple(random.randrange(variant.buyers) for _ in range(40 if number else 0))
        try:
            assert_sound(
                variant.store, Schedule(variant.buyers, choices), tickets=variant.tickets,
                guard=variant.guard, lock=variant.lock,
            )  # fmt: skip
        except AssertionError as error:
            outcome, _, reason = str(error).partition(":")
            seen = Seen(outcome, f"order {number}: {reason.strip().splitlines()[0]}")
            if outcome == "invalid":
                return seen
            worst = seen
    return worst


def _check(variant: Variant) -> Seen:
    """Check the saved history of a sale; it has to say what the sale said of the answers.

    Whether anything was at stake in a test of a store, no history says.
    """
    sale = run_sale(_real(variant, control=False))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sale.jsonl")
        dump(sale.history, path)
        columns = Columns()
        reader = read(path)
        for events in reader.chunks():
            columns.feed(events)
        columns.close()
    verdict = decide(columns).verdict
    return Seen(
        verdict.outcome.value, f"{verdict.reason}; the sale: {sale.verdict.reason}",
        expected=sale.answers.outcome.value,
    )  # fmt: skip


def _replay(variant: Variant) -> Seen:
    """Replay the counterexample of the exploration in real processes."""
    shape = next((shape for shape in ("plain", "search", "quantity") if shape in variant.shows),
                 "plain")  # fmt: skip
    proof = explored(variant, "auto", shape)
    if proof.counterexample is None:
        return Seen("none", "no counterexample")
    replayed = replay(proof.counterexample, 2)
    expected = "unknown" if variant.sound else "invalid"
    reason = replayed.difference or "the same each time"
    return Seen(replayed.outcome.value, reason, expected=expected)


def _matrix(variant: Variant) -> Seen:
    """Fill a column; valid is a cell that says of the variant's own anomaly: prevented.

    Where no sale was judged, or one of real processes broke, no cell may say so.
    """
    guard = variant.guard
    if ":" in guard:
        _register(guard)
        guard = "hunted"
    (column,) = fill([variant.store], [guard], TRIALS)
    cells = {name: column.cell(name) for name in matrix_module.ROWS}
    happens = tuple(name.value for name, cell in cells.items() if cell.shown is Shown.HAPPENS)
    prevented = [name.value for name, cell in cells.items() if cell.shown is Shown.PREVENTED]
    reason = f"{column.decided} judged, {column.undecided} not; prevented: {', '.join(prevented)}"
    judged = any(evidence.how == "judged" for evidence in column.found.values())
    lie = bool(prevented) and (judged or not column.decided)
    expected = "unknown" if lie else None
    blind = prevented and (variant.sound or variant.anomaly == UNDECIDABLE)
    if lie or blind or variant.anomaly in prevented:
        return Seen("valid", reason, anomalies=happens, expected=expected)
    return Seen("invalid" if happens else "unknown", reason, anomalies=happens)


def _register(guard: str) -> None:
    """Register a guard, as an installed package would."""
    point = metadata.EntryPoint("hunted", guard, "booking.guards")
    real: Callable[..., Any] = metadata.entry_points

    def entry_points(**how: Any) -> Any:
        found = list(real(**how))
        return [*found, point] if how.get("group") == point.group else found

    metadata.__dict__["entry_points"] = entry_points


def _kill(variant: Variant) -> Seen:
    """Return what a row of the benchmark says: valid is kill-safe."""
    safe = kill_safety(variant.store, variant.guard, variant.lock)
    return Seen({True: "valid", False: "invalid", None: "unknown"}[safe], f"kill-safe: {safe}")


def _large(variant: Variant) -> Seen:
    """Run a sale of more of everything under a schedule: buyers, tickets, orders of each buyer."""
    scenario = _real(variant, buyers=8, tickets=56, until_sold_out=True, control=False)
    return _told(run_scheduled(scenario.but(search=False, timeout=LONG_S), "random"))


def _slow(variant: Variant) -> Seen:
    """Run a sale in which each order takes far longer than other buyers wait for the lock."""
    tickets = max(variant.tickets, 3)
    scenario = _real(variant, tickets=tickets, control=False, delay="400ms", acquire_timeout="50ms")
    return _told(run_sale(scenario.but(search=False)))


def _probe(variant: Variant) -> Seen:
    """Torture the lock alone."""
    assert variant.lock is not None
    lies = lock_probe.probe(variant.lock).lies
    return Seen("invalid" if lies else "valid", "; ".join(lies))


_OTHERS: dict[str, Callable[[Variant], Seen]] = {
    "simulate": _simulate, "assert_sound": _assert_sound, "check": _check, "replay": _replay,
    "matrix": _matrix, "kill": _kill, "large": _large, "slow": _slow, "probe": _probe,
    "interrupt": interrupted,
}  # fmt: skip
MODES = (*EXPLORE, "simulate", *SCHEDULES, *[mode for mode in _OTHERS if mode != "simulate"])
