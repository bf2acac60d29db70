"""The exploration of a purchase function as data for scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from booking.experiments.behaviours.exploration import (
    RESTS_ON,
    BehaviourProof,
    BehaviourSpec,
    again,
)
from booking.report.cures.table import cures_of


def behaviour_document(
    proof: BehaviourProof, spec: BehaviourSpec, saved: Path | None = None
) -> dict[str, Any]:
    """Return all figures of an exploration, its counterexample, and what it rests on."""
    found: dict[str, Any] = msgspec.to_builtins(proof)
    return {
        **found,
        "anomalies": [
            {"name": name, "message": message} for name, message in proof.anomalies.items()
        ],
        "witness_steps": None if proof.witness is None else len(proof.witness),
        "cures": [cure._asdict() for cure in cures_of(proof)],
        "rests_on": RESTS_ON,
        "replay": again(spec, saved),
    }
