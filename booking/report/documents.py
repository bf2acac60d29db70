"""For scripts: one JSON document on standard output, with the fields of docs/reference/json.md."""

from __future__ import annotations

import os
import sys
from typing import IO, Any

import msgspec

from booking.core.command_line import replay_command
from booking.core.redaction import redacted
from booking.experiments.expectations import Trial
from booking.experiments.sale import Sale
from booking.history.model import Event

VERSION = 1  # of every document; a change that renames or removes a field raises it


def sale_document(sale: Sale, replay: str) -> dict[str, Any]:
    """Return everything about a sale; fields may be added, none renamed."""
    scenario, end = sale.scenario, sale.history.end
    return {
        "verdict": sale.verdict.outcome,
        "reason": sale.verdict.reason,
        "anomalies": [
            {"name": anomaly.name, "message": anomaly.message, "witness": list(anomaly.evidence)}
            for anomaly in sale.verdict.anomalies
        ],
        "tickets": sale.tickets,
        "sold": sale.sold,
        "remaining": sale.remaining,
        "oversold": sale.oversold,
        "undersold": sale.undersold,
        "lost": sale.lost,
        "retries": sale.retries,
        "operations": {kind: len(sale.completions(kind)) for kind in ("ok", "fail", "info")},
        "processes": {
            "started": end.started,
            "crashed": len(end.deaths),
            "hung": len(end.hung),
            "alive": end.alive,
            "zombies": end.zombies,
            "orphans": end.orphans,
            "deaths": end.deaths,
            "waits": end.waits,
        },
        "elapsed_s": sale.elapsed_s,
        "sales_per_s": sale.sales_per_s,
        "seed": scenario.seed,
        "store": redacted(scenario.store),
        "guard": scenario.guard,
        "lock": scenario.lock,
        "control": _control(sale.control),
        "replay": replay,
    }


def trial_document(trial: Trial) -> dict[str, Any]:
    """Return one scenario's trial."""
    scenario = trial.sale.scenario
    replay = replay_command(scenario, trial.path, scenario.but(seed=None))
    return {
        "scenario": str(trial.path),
        "as_expected": not trial.differences,
        "differences": trial.differences,
        "sale": sale_document(trial.sale, replay),
    }


_reserved: IO[bytes] | None = None


def reserve_output() -> None:
    """Reserve standard output for the one document; redirect other prints to standard error.

    A store of a user's own may print while it is imported.
    """
    global _reserved  # noqa: PLW0603 - there is one standard output
    ours = sys.stdout is not None and sys.stdout is sys.__stdout__  # no test's, no notebook's
    if ours and _reserved is None:
        sys.stdout.flush()
        _reserved = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)


def release_output() -> None:
    """Restore standard output for ordinary prints."""
    global _reserved  # noqa: PLW0603 - there is one standard output
    if _reserved is not None:
        sys.stdout.flush()
        os.dup2(_reserved.fileno(), 1)
        _reserved.close()
        _reserved = None


def show(document: dict[str, Any]) -> None:
    """Print one JSON document, with the version of its format."""
    versioned = {"version": VERSION, **document}
    data = msgspec.json.format(msgspec.json.encode(versioned, enc_hook=_plain), indent=2) + b"\n"
    if _reserved is not None:
        _reserved.write(data)
        _reserved.flush()
    else:
        sys.stdout.write(data.decode())


def _control(control: Sale | None) -> dict[str, Any] | None:
    if control is None:
        return None
    return {
        "verdict": control.verdict.outcome,
        "sold": control.sold,
        "oversold": control.oversold,
        "elapsed_s": control.elapsed_s,
    }


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value) if isinstance(value, Event) else str(value)
