"""Ask the servers of a sale whether they answer, before its buyers are called hung.

A server that was stopped, or whose machine is gone, keeps every buyer waiting. That is no fault of
the guard. So a store or a guard that has a server may offer `answers(timeout_s)`. It is asked in a
process of its own: a call that never returns must not keep the harness.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing import get_context

from booking.core.base_classes import guard_hooks, hooks
from booking.core.protocols import Guard, Store
from booking.core.redaction import redacted
from booking.core.scenario import Scenario
from booking.processes.buyer_process import isolate_process
from booking.system.signals import signals_blocked

ASK_S = 2.0
GRACE_S = 1.0  # for the process that asks, beyond what it is told
ANSWERED = 0  # its exit code

Ask = Callable[[float], bool]


def silent_servers(scenario: Scenario, store: Store, guard: Guard) -> list[str]:
    """Return the names of a sale's servers that do not answer: a store's URL, a guard's name."""
    asks = [
        (redacted(scenario.store), hooks(store).answers),
        (f"guard {scenario.guard}", guard_hooks(guard).answers),
    ]
    return [name for name, ask in asks if ask is not None and not _answers(ask)]


def _answers(ask: Ask) -> bool:
    process = get_context("fork").Process(target=_ask, args=(ask,), daemon=True)
    with signals_blocked():
        process.start()
    try:
        process.join(ASK_S + GRACE_S)
        return process.exitcode == ANSWERED
    finally:
        process.kill()
        process.join()
        process.close()


def _ask(ask: Ask) -> None:
    isolate_process()
    answered = False
    try:
        answered = ask(ASK_S)
    finally:
        os._exit(ANSWERED if answered else 1)  # without the exit handlers of the harness
