"""`booking simulate` of a purchase function: free processes, round after round."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

ALLOWED = {"behaviour", "buyers", "timeout"}  # of the flags that shape a sale


def run(
    functions: dict[str, Any],
    flags: Mapping[str, Any],
    others: Mapping[str, object],
    *,
    expect: str | None,
    history: Path | None,
    as_json: bool,
) -> int:
    """Sell with a purchase function, show the result, and return the exit code."""
    from booking.cli.explore_behaviour import ensure_complete
    from booking.core.verdict import AnomalyName
    from booking.errors import UsageError
    from booking.experiments.behaviours.sale import history_of, sell_behaviour
    from booking.experiments.expectations import exploration_exit_code, named
    from booking.history.model import dump
    from booking.report import documents
    from booking.report.behaviour_sale_document import behaviour_sale_document
    from booking.report.terminal.behaviour_sale import show_behaviour_sale
    from booking.report.terminal.progress import progress
    from booking.system.output import ensure_output

    ensure_complete(functions)
    given = [option for option, value in others.items() if value is not None]
    given += [f"--{name.replace('_', '-')}" for name in flags if name not in ALLOWED]
    if given:
        raise UsageError(f"{', '.join(given)}: not for a purchase function, which says it all")
    spec = _spec(functions)
    expected = named(expect)
    if history is not None:
        ensure_output("--history", history)
    with progress() as display:
        sale = sell_behaviour(
            spec, lambda done, rounds: display.update("selling, round", done, rounds)
        )
    if history is not None:
        dump(history_of(sale, spec), history)
    if as_json:
        documents.show(behaviour_sale_document(sale, spec))
    else:
        show_behaviour_sale(sale, spec)
    known = [AnomalyName(name) for name in sale.anomalies if name in set(AnomalyName)]
    return exploration_exit_code(sale.verdict, known, expected)


def _spec(functions: dict[str, Any]) -> Any:
    from booking.core.durations import parse_duration
    from booking.errors import UsageError
    from booking.experiments.behaviours.exploration import BehaviourSpec
    from booking.experiments.behaviours.host_process import import_path
    from booking.experiments.behaviours.sale import BUYERS, ROUNDS, TIMEOUT_S, SaleSpec

    try:
        timeout_s = TIMEOUT_S
        if functions["timeout"] is not None:
            timeout_s = parse_duration(functions["timeout"])
    except ValueError as error:
        raise UsageError(f"--timeout: {error}") from None
    buyers, rounds = functions["buyers"], functions["rounds"]
    return SaleSpec(
        functions=BehaviourSpec(
            behaviour=functions["behaviour"], setup=functions["setup"], check=functions["count"],
            invariant=functions["invariant"], init=functions["init"],
            buyers=BUYERS if buyers is None else buyers, servers=list(functions["servers"]),
            reset=list(functions["reset"]), path=import_path(),
        ),
        rounds=ROUNDS if rounds is None else rounds, timeout_s=timeout_s,
    )  # fmt: skip
