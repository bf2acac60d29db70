"""The causes of a result, what would cure it, and which command to run next."""

from __future__ import annotations

from pathlib import Path

from booking.core.assembly import Assembly
from booking.core.catalogue import usual_guard
from booking.core.command_line import counterexample_command, explore_command, replay_command
from booking.core.scenario import Scenario
from booking.core.verdict import AnomalyName, Outcome
from booking.experiments.exploration import Proof
from booking.experiments.sale import Sale
from booking.history.model import SaleEnd

COUNTEREXAMPLE_FILE = Path("witness.json")  # in a command, where the user named none


def causes(sale: Sale) -> list[str]:
    """Return the causes of a sale's verdict, a sentence each, the most telling ones first."""
    # Behind a server that is silent, where each buyer stopped is no cause.
    sentences = [] if sale.history.end.unanswered else _waits(sale.history.end)
    if not sale.assembly.store_traits.shared:
        sentences.append(
            "every buyer sold from a copy of its own: processes share no variables, "
            "and a lock cannot make them"
        )
    explained = {AnomalyName.HANG, AnomalyName.STALE_LOCK} if sale.history.end.waits else set()
    sentences += [
        anomaly.message for anomaly in sale.verdict.anomalies if anomaly.name not in explained
    ]
    if sale.verdict.outcome is not Outcome.INVALID:
        sentences.append(sale.verdict.reason)
    return list(dict.fromkeys(sentences))


def cure(sale: Sale) -> str | None:
    """Return what would make a sale sound, with the command that shows it."""
    scenario = sale.scenario
    names = {anomaly.name for anomaly in sale.verdict.anomalies}
    if sale.verdict.outcome is not Outcome.INVALID:
        return None
    if change := _change(sale.assembly, names):
        what, changes = change
        return f"{what}: {replay_command(scenario.but(**changes))}"
    if AnomalyName.HANG in names and scenario.lock == "mutex":
        return (
            "a mutex never comes back when its holder dies; a lock of the kernel does: --lock=flock"
        )
    return None


def cure_of_exploration(proof: Proof) -> str | None:
    """Return what would make an explored sale sound, with the command that shows it."""
    if change := _change(proof.assembly, set(proof.exploration.findings)):
        what, changes = change
        return f"{what}: {_explore_again(proof.scenario.but(**changes), proof)}"
    return None


def _change(assembly: Assembly, names: set[AnomalyName]) -> tuple[str, dict[str, str]] | None:
    """Return what to do about a broken sale, and the fields of the scenario that do it."""
    if not assembly.store_traits.shared:
        return "keep the count where every process sees it", {"store": "json"}
    if names == {AnomalyName.TORN_READ}:
        return "replace the file whole, so that no buyer reads half of it", {"store": "json"}
    if assembly.scenario.guard != "none":
        return None
    if usual_guard(assembly.scenario.store) == "atomic":
        return "let the store check and take in one effect", {"guard": "atomic"}
    return "put read, check and write inside one lock", {"guard": "lock", "lock": "flock"}


def how_to_replay(proof: Proof, saved: Path | None) -> str:
    """Return the command that replays an exploration's counterexample in real processes."""
    if proof.staffed:
        return "a sale with a clerk is explored, not replayed"
    path = saved or COUNTEREXAMPLE_FILE
    replay = counterexample_command(proof.scenario, path)
    return replay if saved else f"{_explore_again(proof.scenario, proof, path)}; {replay}"


def _explore_again(scenario: Scenario, proof: Proof, counterexample: Path | None = None) -> str:
    """Return the command that explores a scenario with the buyers and tickets of another proof."""
    quantities = [buyer.quantity for buyer in proof.buyers]
    return explore_command(scenario, quantities, proof.tickets, counterexample)


def _waits(end: SaleEnd) -> list[str]:
    """Return which buyers wait for which, a sentence for each resource and holder."""
    sentences = []
    waiting: dict[tuple[str | None, int | str], list[int | str]] = {}
    for wait in end.waits:
        if wait.holder is None:
            step = f"{wait.step} {wait.resource}" if wait.step else "its first step"
            sentences.append(f"buyer {wait.buyer} went no further than {step}")
        else:
            waiting.setdefault((wait.resource, wait.holder), []).append(wait.buyer)
    for (resource, holder), buyers in waiting.items():
        fate = end.deaths.get(holder)
        state = f"who took it last: {fate}" if fate else "who took it last and goes on no more"
        sentences.append(f"{_buyers_wait(buyers)} for {resource} from buyer {holder}, {state}")
    return sentences


def _buyers_wait(numbers: list[int | str]) -> str:
    if len(numbers) == 1:
        return f"buyer {numbers[0]} waits"
    shown = ", ".join(map(str, numbers[:-1]))
    return f"buyers {shown} and {numbers[-1]} wait"
