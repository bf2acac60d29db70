"""A sale and a scenario's trial as data for scripts."""

from __future__ import annotations

from typing import Any

from booking.core.command_line import replay_command
from booking.core.redaction import redacted
from booking.experiments.expectations import Trial
from booking.experiments.sale import Sale
from booking.report.documents import anomaly_documents


def sale_document(sale: Sale, replay: str) -> dict[str, Any]:
    """Return all figures of a sale, and the command that repeats it."""
    scenario, end = sale.scenario, sale.history.end
    return {
        "verdict": sale.verdict.outcome,
        "reason": sale.verdict.reason,
        "anomalies": anomaly_documents(sale.verdict.anomalies),
        "caveats": sale.premises,
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
            "unlogged": end.unlogged,
            "unanswered": end.unanswered,
        },
        "outside": end.outside,
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
    """Return a scenario's trial: its sale and what was not as expected, or its error."""
    sale, failure = None, None
    if trial.sale is not None:
        scenario = trial.sale.scenario
        replay = replay_command(scenario, trial.path, scenario.but(seed=None))
        sale = sale_document(trial.sale, replay)
    if trial.failure is not None:
        failure = {"code": trial.failure.code, "message": trial.failure.message}
    return {
        "scenario": str(trial.path),
        "as_expected": trial.as_expected,
        "differences": trial.differences,
        "again": trial.again,
        "error": failure,
        "sale": sale,
    }


def _control(control: Sale | None) -> dict[str, Any] | None:
    if control is None:
        return None
    return {
        "verdict": control.verdict.outcome,
        "sold": control.sold,
        "oversold": control.oversold,
        "elapsed_s": control.elapsed_s,
    }
