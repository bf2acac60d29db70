"""Why a sale is as it is, what to do about it, and what to try next."""

from __future__ import annotations

from typing import Any

from booking.core.catalogue import usual_guard
from booking.core.command_line import replay_command
from booking.core.verdict import AnomalyName, Outcome
from booking.experiments.sale import Sale
from booking.history.model import SaleEnd

WAITS_SHOWN_MAX = 3


def why(sale: Sale) -> list[str]:
    """Return the causes, a sentence each, the telling ones first."""
    found = _waiting(sale.history.end)
    if not _shared(sale):
        found.append(
            "every buyer sold from a copy of its own: processes share no variables, "
            "and a lock cannot make them"
        )
    said = {AnomalyName.HANG, AnomalyName.STALE_LOCK} if sale.history.end.waits else set()
    found += [anomaly.message for anomaly in sale.verdict.anomalies if anomaly.name not in said]
    if sale.verdict.outcome is not Outcome.INVALID:
        found.append(sale.verdict.reason)
    return list(dict.fromkeys(found))


def cure(sale: Sale) -> str | None:
    """Describe what would help, with the command that shows it."""
    scenario = sale.scenario
    names = {anomaly.name for anomaly in sale.verdict.anomalies}
    if sale.verdict.outcome is not Outcome.INVALID:
        return None
    if not _shared(sale):
        better = scenario.but(store="json")
        return f"keep the count where all can see it: {replay_command(better)}"
    if names == {AnomalyName.TORN_READ}:
        better = scenario.but(store="json", faults=[])
        return (
            f"replace the file whole, so that no buyer reads half of it: {replay_command(better)}"
        )
    if scenario.guard == "none":
        what, changes = guarding(scenario.store)
        return f"{what}: {replay_command(scenario.but(**changes, faults=[]))}"
    if AnomalyName.HANG in names and scenario.lock == "mutex":
        return (
            "a mutex never comes back when its holder dies; a lock of the kernel does: --lock=flock"
        )
    return None


def guarding(store: str) -> tuple[str, dict[str, Any]]:
    """Return what guards a store best, in words, and what of a scenario changes by it."""
    if usual_guard(store) == "atomic":
        return "let the store check and take in one effect", {"guard": "atomic"}
    return "put read, check and write inside one lock", {"guard": "lock", "lock": "flock"}


def _shared(sale: Sale) -> bool:
    return sale.assembly.store_traits.shared


def _waiting(end: SaleEnd) -> list[str]:
    """Describe who waits for whom."""
    found = []
    waiting: dict[tuple[str | None, int | str], list[int | str]] = {}
    for wait in end.waits:
        if wait.holder is None:
            step = f"{wait.step} {wait.resource}" if wait.step else "its first step"
            found.append(f"buyer {wait.buyer} went no further than {step}")
        else:
            waiting.setdefault((wait.resource, wait.holder), []).append(wait.buyer)
    for (resource, holder), buyers in waiting.items():
        fate = end.deaths.get(holder)
        state = f"who holds it still: {fate}" if fate else "who holds it and goes on no more"
        found.append(f"{_buyers(buyers)} for {resource} from buyer {holder}, {state}")
    return found


def _buyers(numbers: list[int | str]) -> str:
    if len(numbers) == 1:
        return f"buyer {numbers[0]} waits"
    shown = ", ".join(map(str, numbers[:-1]))
    return f"buyers {shown} and {numbers[-1]} wait"
