"""`booking bench --behaviour`: what purchase functions cost, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def run(
    functions: Mapping[str, Any],
    others: Sequence[str],
    buyers: Sequence[int] | None,
    rounds: int,
    duration_s: float,
    *,
    again: str,
    as_json: bool,
) -> int:
    """Price purchase functions, show the figures, and return the exit code."""
    from booking.bench.purchases import (
        BUYERS,
        PurchasePlan,
        measure_purchases,
        purchase_rows,
        purchases_document,
    )
    from booking.cli.explore_behaviour import ensure_complete
    from booking.errors import BookingError, ExitCode, UsageError
    from booking.experiments.behaviours.exploration import BehaviourSpec
    from booking.experiments.behaviours.host_process import import_path
    from booking.report import documents
    from booking.report.terminal.progress import progress
    from booking.report.terminal.purchases import show_purchases

    behaviours = list(functions["behaviours"])
    ensure_complete({**functions, "behaviour": behaviours or None})
    if others:
        raise UsageError(f"{', '.join(others)}: not for a purchase function, which says it all")
    plan = PurchasePlan(
        functions=BehaviourSpec(
            behaviour=behaviours[0], setup=functions["setup"], check=functions["count"],
            init=functions["init"], servers=list(functions["servers"]),
            reset=list(functions["reset"]), path=import_path(),
        ),
        behaviours=behaviours, buyers=sorted(set(buyers or BUYERS)), rounds=rounds,
        duration_s=duration_s,
    )  # fmt: skip
    with progress(quiet=as_json) as display:
        measured = measure_purchases(
            plan, lambda done, total: display.update("measuring", done, total)
        )
    rows = purchase_rows(plan, measured.samples)
    if not rows:
        raise BookingError("; ".join(f"{name}: {why}" for name, why in measured.failed.items()))
    if as_json:
        documents.show(purchases_document(plan, rows, measured.failed))
    else:
        show_purchases(rows, measured.failed, again)
    contended = any(row.contended for row in rows)
    return ExitCode.UNKNOWN if measured.failed or not contended else ExitCode.AS_EXPECTED
