"""An exploration and a replay as data for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from booking.core.counterexample import plain
from booking.experiments.exploration import Proof
from booking.experiments.premises import premises_of_replay
from booking.experiments.replay import Replayed
from booking.explorer.result import Exploration, Finding
from booking.report.advice import how_to_replay


def shortest_first(exploration: Exploration) -> list[Finding]:
    """Return the findings, the one with the fewest steps first."""
    return sorted(exploration.findings.values(), key=lambda finding: len(finding.schedule))


def exploration_document(
    proof: Proof, saved: Path | None, options: Sequence[str] = ()
) -> dict[str, Any]:
    """Return all figures of an exploration, and its counterexample."""
    exploration, counterexample = proof.exploration, proof.counterexample
    return {
        "verdict": exploration.outcome,
        "reason": proof.reason,
        "complete": exploration.complete,
        "bound": exploration.bound,
        "method": exploration.method,
        "executions": exploration.executions,
        "states": exploration.states,
        "states_executed_again": exploration.rechecked,
        "classes": exploration.classes,
        "interleavings": exploration.interleavings,
        "violating": exploration.violating,
        "anomalies": [
            {"name": finding.name, "message": finding.message, "steps": len(finding.schedule)}
            for finding in shortest_first(exploration)
        ],
        "doubts": [{"what": caveat.what, "where": caveat.where} for caveat in exploration.caveats],
        "caveats": list(proof.premises),
        "witness": None if counterexample is None else plain(counterexample),
        "witness_steps": None if counterexample is None else len(counterexample.steps),
        "witness_s": exploration.first_finding_s,
        "elapsed_s": exploration.elapsed_s,
        "store": proof.scenario.store,
        "guard": proof.scenario.guard,
        "lock": proof.scenario.lock,
        "tickets": proof.tickets,
        "buyers": len(proof.buyers),
        "replay": None if counterexample is None else how_to_replay(proof, saved, options),
    }


def replay_document(replayed: Replayed) -> dict[str, Any]:
    """Return how often a counterexample broke the sale in the same way."""
    return {
        "verdict": replayed.outcome,
        "times": replayed.times,
        "same": replayed.same,
        "caveats": premises_of_replay(replayed.counterexample),
        "difference": replayed.difference,
        "anomalies": [
            {"name": anomaly.name, "message": anomaly.message}
            for anomaly in replayed.verdict.anomalies
        ],
        "witness": plain(replayed.counterexample),
        "elapsed_s": replayed.elapsed_s,
    }
