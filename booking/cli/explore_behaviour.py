"""`booking explore --behaviour`: every order of the statements of a purchase function."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

NEEDED = {"behaviour": "--behaviour", "setup": "--setup", "count": "--check"}
METHODS = {"auto": "reduced", "reduced": "reduced", "plain": "plain"}


def run(
    functions: dict[str, Any],
    others: Mapping[str, object],
    *,
    buyers: int | None,
    first: bool,
    method: str,
    seconds: float | None,
    witness: Path | None,
    as_json: bool,
) -> int:
    """Explore a purchase function, show the result, and return the exit code."""
    from booking.errors import EXIT_CODE_OF_VERDICT, UsageError
    from booking.experiments.behaviours.counterexample_file import counterexample_of, save
    from booking.experiments.behaviours.exploration import BUYERS, BehaviourSpec, explore_behaviour
    from booking.experiments.behaviours.host_process import import_path
    from booking.explorer.model import SECONDS_MAX
    from booking.report import documents
    from booking.report.behaviour_document import behaviour_document
    from booking.report.terminal.behaviour import show_behaviour
    from booking.report.terminal.progress import progress
    from booking.system.output import ensure_output

    ensure_complete(functions)
    if given := [option for option, value in others.items() if value is not None]:
        raise UsageError(f"{', '.join(given)}: not for a purchase function, which says it all")
    if method not in METHODS:
        raise UsageError(f"--method {method}: a purchase function has reduced and plain")
    spec = BehaviourSpec(
        behaviour=functions["behaviour"], setup=functions["setup"], check=functions["count"],
        invariant=functions["invariant"], init=functions["init"], fresh=functions["fresh"],
        buyers=BUYERS if buyers is None else buyers, first=first,
        method=METHODS[method],  # type: ignore[arg-type]  # one of the two
        seconds_max=SECONDS_MAX if seconds is None else seconds,
        servers=list(functions["servers"]), reset=list(functions["reset"]),
        path=import_path(),
    )  # fmt: skip
    if witness is not None:
        ensure_output("--witness", witness)
    with progress() as display:
        proof = explore_behaviour(
            spec,
            lambda steps, runs: display.update(f"{steps:,} steps, {runs:,} executions"),
        )
    found = counterexample_of(proof, spec)
    if witness is not None and found is not None:
        save(found, witness)
    saved = witness if found is not None else None
    if as_json:
        documents.show(behaviour_document(proof, spec, saved))
    else:
        show_behaviour(proof, spec, saved)
    return EXIT_CODE_OF_VERDICT[proof.verdict]


def ensure_complete(functions: Mapping[str, Any]) -> None:
    """Raise `UsageError` where one of the three functions is missing."""
    from booking.errors import UsageError

    missing = [option for name, option in NEEDED.items() if functions[name] is None]
    if missing:
        raise UsageError(
            f"{', '.join(missing)}: missing; a purchase function needs all of --behaviour, --setup "
            "and --check, each as package.module:name"
        )
