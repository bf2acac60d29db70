"""What the checker needs at its peak, each history in a process of its own.

`make overheads`, or `pytest -n 0 -s benchmarks/test_checker_memory.py`. Figures are printed, not
asserted. BOOKING_BENCH_OPERATIONS sets the size of the largest (a million unless given).
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import resource
from time import process_time

import pytest

from benchmarks.sales import sale
from booking.checker import Columns, decide
from booking.history.model import Event

OPERATIONS = int(os.environ.get("BOOKING_BENCH_OPERATIONS", "1000000"))
MIB = 1 << 10  # of what Linux counts memory in


def single(operations: int):
    """A sale to a thousand buyers at a time, a third of it searches."""
    tickets = operations // 3
    events, left = sale(operations, 1_000, tickets)
    return events, tickets, left


def one_by_one(operations: int, refunds: bool = False, lost: float = 0.0, searches: bool = True):
    """Orders of one to three tickets one after another, each third operation a search.

    A share of the orders is `lost`: its outcome is unknown, and it took no effect.
    """
    rng = random.Random(1)
    left = tickets = 3 * operations
    events: list[Event] = []

    def add(f: str, value: int | None, quantity: int = 1) -> None:
        at = len(events)
        events.append(Event(at, 1, "invoke", f, None, at, quantity=quantity))
        events.append(Event(at + 1, 1, "ok", f, value, at + 1, quantity=quantity))

    for number in range(operations):
        quantity = rng.choice((1, 2, 3))
        if rng.random() < lost:
            at = len(events)
            events.append(Event(at, 2 + number, "invoke", "buy", None, at, quantity=quantity))
        elif searches and number % 3 == 2:
            add("search", left)
        elif refunds and number % 3 == 1 and left + quantity <= tickets:
            add("refund", None, quantity)
            left += quantity
        else:
            add("buy", left, quantity)
            left -= quantity
    return events, tickets, left


SIZES = {
    f"single tickets, {OPERATIONS:,}": lambda: single(OPERATIONS),
    "several quantities, 10,000": lambda: one_by_one(10_000),
    "several quantities, 40,000": lambda: one_by_one(40_000),
    f"several quantities, {OPERATIONS:,}": lambda: one_by_one(OPERATIONS),
    "several quantities, none observed, 40,000": lambda: one_by_one(40_000, searches=False),
    "several quantities, some lost, 10,000": lambda: one_by_one(10_000, lost=0.1),
    "several quantities, some lost, 40,000": lambda: one_by_one(40_000, lost=0.1),
    "refunds that are observed, 40,000": lambda: one_by_one(40_000, refunds=True),
    f"refunds that are observed, {OPERATIONS:,}": lambda: one_by_one(OPERATIONS, refunds=True),
}


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def measure(name: str, answer) -> None:
    events, tickets, left = SIZES[name]()
    gc.collect()
    before, began = peak_mib(), process_time()
    columns = Columns(tickets=tickets, remaining=left)
    columns.feed(events)
    columns.close()
    del events
    outcome = decide(columns).verdict.outcome.value
    answer.send((outcome, process_time() - began, before, peak_mib()))


@pytest.mark.parametrize("name", SIZES)
def test_peak(name):
    """The peak includes the events themselves, which a file would be read without."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(name, sender))
    process.start()
    sender.close()
    try:
        outcome, taken_s, before, peak = receiver.recv()
    except EOFError:
        print(f"{name:<44}: ended without an answer", flush=True)
        return
    finally:
        process.join()
    print(
        f"{name:<44}: {outcome:<8} {taken_s:6.2f} s, {peak:6,.0f} MiB "
        f"({peak - before:+,.0f} by the check)",
        flush=True,
    )
