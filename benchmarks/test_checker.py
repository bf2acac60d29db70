"""What the checker costs: `make bench`, or `pytest -n 0 -s benchmarks/test_checker.py`.

BOOKING_BENCH_OPERATIONS sets the size (a million unless given). Figures are printed, not asserted.
"""

from __future__ import annotations

import os
import random
from time import process_time

import msgspec
import pytest
from click.testing import CliRunner

from benchmarks.sales import sale
from booking.checker import Columns, check, decide
from booking.cli.check import command
from booking.core.verdict import Outcome
from booking.history.model import Event, History, dump
from tests.support.brute_force import linearizable
from tests.support.histories import history_of, valid_operations

OPERATIONS = int(os.environ.get("BOOKING_BENCH_OPERATIONS", "1000000"))


def say(text: str) -> None:
    print(text, flush=True)


def seconds(work) -> tuple[float, object]:
    """Return the processor time: other programs on the machine shall not count."""
    began = process_time()
    result = work()
    return process_time() - began, result


def columns_of(events, tickets, remaining) -> Columns:
    columns = Columns(tickets=tickets, remaining=remaining)
    columns.feed(events)
    columns.close()
    return columns


@pytest.mark.parametrize("buyers", [10, 1_000])
@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("share", [3, 1])
def test_in_memory(buyers, numbered, share):
    """Valid, with a linearization, and with one fault planted: operations a second."""
    tickets = OPERATIONS // share
    events, left = sale(OPERATIONS, buyers, tickets, numbered)
    read_s, columns = seconds(lambda: columns_of(events, tickets, left))
    verdict_s, decision = seconds(lambda: decide(columns))
    assert decision.verdict.outcome is Outcome.VALID
    order_s, decision = seconds(lambda: decide(columns, want_order=True))
    assert len(decision.order) == OPERATIONS
    del decision
    whole_s, _ = seconds(lambda: check(History(tickets, left, events)))
    inventory = next(iter(columns.inventories.values()))
    counts = inventory.searches.value
    counts[len(counts) // (2 * share)] += 3 * buyers  # much too old
    proof_s, decision = seconds(lambda: decide(columns))
    assert decision.certificates
    rates = " ".join(
        f"{name} {OPERATIONS / taken:>9,.0f}/s"
        for name, taken in (
            ("columns", read_s),
            ("verdict", verdict_s),
            ("linearization", order_s),
            ("certificate+names", proof_s),
            ("check(history)", whole_s),
        )
    )
    kind = "numbered" if numbered else "bare"
    say(f"{buyers:>5} buyers, {tickets:>9,} tickets, {kind:<8}: {rates}")


@pytest.mark.parametrize("buyers", [10, 1_000])
def test_a_file_from_end_to_end(tmp_path, buyers):
    """A file of JSON lines against what msgspec alone takes to decode it."""
    tickets = OPERATIONS // 3
    events, left = sale(OPERATIONS, buyers, tickets)
    path = tmp_path / "sale.jsonl"
    dump(History(tickets, left, events), path)
    del events
    decoder = msgspec.json.Decoder(Event)

    def decode() -> int:
        return len(decoder.decode_lines(path.read_bytes()))

    def decode_line_by_line() -> int:
        with path.open("rb") as lines:
            return sum(1 for line in lines if decoder.decode(line))

    def check_file(*flags: str) -> None:
        result = CliRunner().invoke(command, [str(path), *flags])
        assert result.exit_code == 0, result.output

    works = (decode, decode_line_by_line, check_file, lambda: check_file("--json"))
    rounds = [[seconds(work)[0] for work in works] for _ in range(3)]
    once_s, lines_s, check_s, json_s = map(min, zip(*rounds, strict=True))
    for name, taken_s in (("check", check_s), ("check --json", json_s)):
        say(
            f"{buyers:>5} buyers, {path.stat().st_size / 1e6:.0f} MB: {name} {taken_s:.2f} s; "
            f"msgspec alone at once {once_s:.2f} s (ratio {taken_s / once_s:.2f}), "
            f"line by line {lines_s:.2f} s (ratio {taken_s / lines_s:.2f})"
        )


@pytest.mark.parametrize("operations", [4, 6, 8, 10, 12])
def test_against_brute_force(operations):
    """A checker that tries every order, on the same histories."""
    rng = random.Random(operations)
    histories = []
    for _ in range(60):
        ops, left = valid_operations(rng, 4, operations, operations, unknown=0.0)
        late = [(op[0] + at * 100, *op[1:]) for at, op in enumerate(ops)]
        wide = [(p, f, 0, e + 99, *rest) for p, f, _, e, *rest in late]
        histories.append(history_of(wide, 4, left + 1))  # wrong: every order must be tried
    ours_s, _ = seconds(lambda: [check(history) for history in histories])
    brute_s, _ = seconds(lambda: [linearizable(history) for history in histories])
    ratio = brute_s / ours_s
    say(f"{operations:>3} operations, all at once: brute force takes {ratio:,.1f} times as long")
