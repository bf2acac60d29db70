"""A buyer's operations: invoked before their first effect, completed after the last."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

from booking.core.protocols import Order, Reply, Store
from booking.processes.buyer import Buyer
from booking.recording.recorder import Recorder
from tests.support.recordings import nothing, recorded


def test_invoke_comes_before_the_first_effect_and_completion_after_the_last(
    tmp_path: Path,
) -> None:
    """Otherwise the checker would find anomalies in a sound sale."""
    recorder = Recorder(tmp_path / "log", 4, nothing)
    effects: list[int] = []

    class TwoEffects:
        needs = Store

        def sell(self, store: Store, order: Order) -> Reply:
            effects.append(time.monotonic_ns())
            effects.append(time.monotonic_ns())
            return Reply("ok", 3)

    store: Store = None  # type: ignore[assignment]  # the guard above never uses it
    Buyer(4, store, TwoEffects(), recorder, Random(0)).buy()
    invoke, complete = recorded(tmp_path / "log")
    assert invoke.time <= effects[0] <= effects[1] <= complete.time
