"""The causes of a result, what would cure it, and which command to run next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from booking.core.assembly import Assembly
from booking.core.catalogue import usual_guard
from booking.core.command_line import counterexample_command, explore_command
from booking.core.scenario import Scenario
from booking.core.verdict import AnomalyName, Outcome
from booking.experiments.exploration import Proof
from booking.experiments.sale import Sale
from booking.history.model import SaleEnd

LOCKED = {"guard": "lock", "lock": "flock"}
UNMET = "; unknown where the planned fault never comes, as other steps are taken"
STAFFED = "a sale with a clerk is explored, not replayed"
COUNTEREXAMPLE_FILE = Path("witness.json")  # in a command, where the user named none


@dataclass(frozen=True, slots=True)
class Advice:
    """A command to run next, and what it is for."""

    purpose: str
    command: str


def causes(sale: Sale) -> list[str]:
    """Return why a sale ended as it did, a sentence each, beside what its anomalies say."""
    # Behind a server that is silent, where each buyer stopped is no cause.
    sentences = [] if sale.history.end.unanswered else _waits(sale.history.end)
    if not sale.assembly.store_traits.shared:
        sentences.append(
            "every buyer sold from a copy of its own: processes share no variables, "
            "and a lock cannot make them"
        )
    if sale.verdict.outcome is not Outcome.INVALID or not sale.verdict.anomalies:
        sentences.append(sale.verdict.reason)
    return list(dict.fromkeys(sentences))


def explained(sale: Sale) -> set[AnomalyName]:
    """Return the anomalies that the causes tell already: who waits for whom."""
    waits = bool(sale.history.end.waits) and not sale.history.end.unanswered
    return {AnomalyName.HANG, AnomalyName.STALE_LOCK} if waits else set()


def cure(sale: Sale, command: Callable[[Scenario], str]) -> Advice | None:
    """Return what would make a sale sound; `command` returns the one that runs a scenario."""
    names = {anomaly.name for anomaly in sale.verdict.anomalies}
    if sale.verdict.outcome is not Outcome.INVALID:
        return None
    if change := change_of(sale.assembly, names):
        purpose, changes = change
        if sale.scenario.faults and changes.keys() & {"store", "guard"}:
            purpose += UNMET
        return Advice(purpose, command(sale.repeatable.but(**changes)))
    return None


def cure_of_exploration(proof: Proof, options: Sequence[str] = ()) -> Advice | None:
    """Return what would make an explored sale sound, with the command that shows it."""
    if change := change_of(proof.assembly, set(proof.exploration.findings)):
        purpose, changes = change
        return Advice(purpose, explore_again(proof, proof.scenario.but(**changes), options=options))
    return None


def change_of(assembly: Assembly, names: set[AnomalyName]) -> tuple[str, dict[str, str]] | None:
    """Return what to do about a broken sale, and the fields of the scenario that do it.

    All of them together make the sale sound: a count that all see needs a guard as well.
    """
    scenario = assembly.scenario
    unguarded = scenario.guard == "none"
    locked = LOCKED if unguarded else {}
    lock_too = " and put read, check and write inside one lock" if unguarded else ""
    if not assembly.store_traits.shared:
        return f"keep the count where every process sees it{lock_too}", {"store": "json"} | locked
    if AnomalyName.TORN_READ in names:
        what = f"replace the file whole, so that no buyer reads half of it{',' * unguarded}"
        return f"{what}{lock_too}", {"store": "json"} | locked
    if AnomalyName.HANG in names and scenario.lock == "mutex":
        return "a mutex is lost with its holder; the kernel releases a flock", {"lock": "flock"}
    if not unguarded and assembly.guard_traits.sound is not False:
        return None
    by_design = "" if unguarded else f"guard {scenario.guard} is not sound by design: "
    if usual_guard(scenario.store) == "atomic":
        return f"{by_design}let the store check and take in one effect", {"guard": "atomic"}
    return f"{by_design}put read, check and write inside one lock", LOCKED


def how_to_replay(proof: Proof, saved: Path | None, options: Sequence[str] = ()) -> str:
    """Return the commands that replay an exploration's counterexample, for a document."""
    if proof.staffed:
        return STAFFED
    commands = [] if saved else [explore_again(proof, path=COUNTEREXAMPLE_FILE, options=options)]
    return "; ".join([*commands, replay_of(proof, saved)])


def replay_of(proof: Proof, saved: Path | None) -> str:
    """Return the command that replays an exploration's counterexample in real processes."""
    return counterexample_command(proof.scenario, saved or COUNTEREXAMPLE_FILE)


def explore_again(
    proof: Proof,
    scenario: Scenario | None = None,
    path: Path | None = None,
    options: Sequence[str] = (),
) -> str:
    """Return the command that explores a scenario with the buyers and tickets of a proof."""
    return explore_command(scenario or proof.scenario, proof.buyers, proof.tickets, path, options)


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
