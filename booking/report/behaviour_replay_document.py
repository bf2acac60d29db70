"""A replay of the counterexample of a purchase function, as data for scripts."""

from __future__ import annotations

from typing import Any

import msgspec

from booking.experiments.behaviours.counterexample_file import BehaviourCounterexample
from booking.experiments.behaviours.exploration import RESTS_ON
from booking.experiments.behaviours.replay import BehaviourReplayed


def behaviour_replay_document(
    replayed: BehaviourReplayed, counterexample: BehaviourCounterexample
) -> dict[str, Any]:
    """Return how often the counterexample came out the same, and where it did not."""
    return {
        "verdict": replayed.outcome,
        "times": replayed.times,
        "same": replayed.same,
        "caveats": replayed.caveats,
        "difference": replayed.difference,
        "anomalies": [
            {"name": name, "message": message} for name, message in replayed.anomalies.items()
        ],
        "rests_on": RESTS_ON,
        "witness": msgspec.to_builtins(counterexample),
        "elapsed_s": replayed.elapsed_s,
    }
