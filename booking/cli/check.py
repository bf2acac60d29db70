"""`booking check`: check a recorded history, ours or another tool's."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from booking.cli.options import json_option
from booking.errors import EXIT_CODE_OF_VERDICT, HistoryError

if TYPE_CHECKING:
    from booking.checker import Columns, Decision
    from booking.history import Reader
    from booking.history.model import Event

SIGNS = {"valid": ("✓", "green"), "invalid": ("✗", "red"), "unknown": ("?", "yellow")}

EPILOG = """\b
Examples:
  booking simulate --buyers 10 --history sale.jsonl
  booking check sale.jsonl --explain
  booking check jepsen.edn --buy add --observe read --counting up --tickets 100

\b
Exit codes: 0 valid, 1 an anomaly, 2 the history cannot be read, 3 unknown.
"""


@click.command("check", epilog=EPILOG)
@click.argument("history", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--tickets", type=click.IntRange(min=0), help="Count at the start, if not recorded.")
@click.option("--remaining", type=int, help="Count at the end, if not recorded.")
@click.option("--buy", default="buy", show_default=True, help="What a purchase is called there.")
@click.option("--observe", default="search", show_default=True, help="What reading the count is.")
@click.option("--refund", default="refund", show_default=True, help="What giving back is called.")
@click.option(
    "--sold-out", default="sold-out", show_default=True, help="The error that means: none left."
)
@click.option(
    "--counting",
    type=click.Choice(["down", "up"]),
    default="down",
    show_default=True,
    help="Whether the counter counts tickets left (down) or sold (up).",
)
@click.option(
    "--numbers",
    type=click.Choice(["before", "after", "seat", "none"]),
    default="before",
    show_default=True,
    help="What an ok purchase's value is: the count before it, the count after it, a seat's "
    "number, or nothing.",
)
@click.option("--keyed", is_flag=True, help="Values are [key, value]: several inventories.")
@click.option(
    "--states",
    type=click.IntRange(min=1),
    help="Budget of the search for orders of several quantities.  [default: 200000]",
)
@click.option("--explain", is_flag=True, help="Draw the proof as a time diagram.")
@json_option
def command(  # noqa: PLR0917 - a flag each
    history: Path,
    tickets: int | None,
    remaining: int | None,
    buy: str,
    observe: str,
    refund: str,
    sold_out: str,
    counting: str,
    numbers: str,
    keyed: bool,
    states: int | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Check a recorded history: is there an order of it that a correct counter could have served?

    HISTORY is JSON lines with Jepsen's keys (process, type, f, value, time, index), or EDN as
    Jepsen writes it (by its suffix .edn).
    """
    from booking.checker import Columns, Naming, decide
    from booking.checker.wgl import STATES_MAX
    from booking.history import read

    began = time.perf_counter()
    naming = Naming(buy, observe, refund, sold_out, cast("Any", counting), cast("Any", numbers))
    ledger = Columns(naming, tickets, remaining)
    reader = read(history, keyed=keyed)
    _load(ledger, reader)
    _need_operations(ledger, history)
    _need_numbers(ledger, history)
    _need_tickets(ledger, history)
    decision = decide(ledger, want_order=as_json, states_max=states or STATES_MAX)
    elapsed_s = time.perf_counter() - began
    if as_json:
        _print_json(decision, ledger, elapsed_s)
    else:
        _print(decision, ledger, elapsed_s, explain=explain)
    click.get_current_context().exit(EXIT_CODE_OF_VERDICT[decision.verdict.outcome])


def _load(ledger: Columns, reader: Reader) -> None:
    """Read everything; a contradiction names its line."""
    from booking.checker.columns import Contradiction

    try:
        for events in _with_progress(reader.chunks()):
            ledger.feed(events)
        ledger.close()
    except Contradiction as error:
        line = reader.line_of(error.event)
        where = f", line {line}" if line is not None else ""
        raise HistoryError(f"{reader.path}{where}: {error.why}") from error
    ledger.notes += reader.notes


def _with_progress(chunks: Iterable[list[Event]]) -> Iterator[list[Event]]:
    """Yield the chunks; show on a terminal how far reading is, once it takes longer."""
    from booking.report.terminal.progress import progress

    lines = 0
    with progress() as display:
        for events in chunks:
            yield events
            lines += len(events)
            display.update(f"reading: {lines:,} events")
        display.update(f"checking: {lines:,} events")


def _need_numbers(ledger: Columns, path: Path) -> None:
    """Refuse a history in which two operations have one index: a proof points at events by it."""
    seen: set[int] = set()
    count = 0
    for here in ledger.inventories.values():
        for rows in (here.sold, here.searches, here.sold_outs):
            seen.update(rows.index)
            count += len(rows.index)
    if len(seen) < count:
        raise HistoryError(
            f"{path}: {count - len(seen)} operations have the index of another one; number the "
            "events, or leave `index` out everywhere"
        )


def _need_operations(ledger: Columns, path: Path) -> None:
    """Refuse a history in which nothing was judged: most likely its names are other ones."""
    if sum(ledger.outcomes.values()):
        return
    if ledger.strangers:
        names = ", ".join(sorted(ledger.strangers))
        raise HistoryError(
            f"{path}: no orders and no searches in it; say which are, with --buy NAME and "
            f"--observe NAME: it has {names}"
        )
    raise HistoryError(f"{path}: {'; '.join(ledger.notes) or 'it is empty'}: nothing to check")


def _need_tickets(ledger: Columns, path: Path) -> None:
    without = [here for here in ledger.inventories.values() if here.tickets is None]
    if without:
        raise HistoryError(
            f"{path} does not say how many tickets there were at the start: give --tickets N"
        )


def _reason(decision: Decision, ledger: Columns) -> str:
    return "; ".join([decision.verdict.reason, *ledger.notes])


def _print_json(decision: Decision, ledger: Columns, elapsed_s: float) -> None:
    from booking.report import documents

    verdict = decision.verdict
    document = {
        "verdict": verdict.outcome.value,
        "reason": _reason(decision, ledger),
        "anomalies": [
            {"name": one.name.value, "message": one.message, "witness": list(one.witness)}
            for one in verdict.anomalies
        ],
        "operations": ledger.outcomes,
        "tickets": ledger.tickets,
        "remaining": ledger.remaining,
        "elapsed_s": round(elapsed_s, 6),
        "witness_order": decision.order,
        "certificates": [
            {
                "kind": proof.kind,
                "key": proof.key,
                "high": proof.high,
                "low": proof.low,
                "before": _index(proof.before),
                "after": _index(proof.after),
                "members": [x.index for x in proof.members],
            }
            for proof in decision.certificates
        ],
        "notes": ledger.notes,
    }
    documents.show(document)


def _index(op: Any) -> int | str | None:
    if op is None:
        return None
    return "end" if op.what == "end" else int(op.index)


def _print(decision: Decision, ledger: Columns, elapsed_s: float, *, explain: bool) -> None:
    verdict = decision.verdict
    sign, colour = SIGNS[verdict.outcome.value]
    names = ", ".join(dict.fromkeys(one.name.value for one in verdict.anomalies))
    title = click.style(f"{sign} {verdict.outcome.value.upper()}", fg=colour, bold=True)
    click.echo(f"{title}  {names}".rstrip())
    click.echo()
    for label, text in _rows(decision, ledger, elapsed_s):
        click.echo(f"  {click.style(f'{label:<20}', dim=True)}{text}")
    if explain:
        _explain(decision, ledger)


def _rows(decision: Decision, ledger: Columns, elapsed_s: float) -> Iterator[tuple[str, str]]:
    counts = ledger.outcomes
    total = sum(counts.values())
    each = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    yield "operations", f"{total:,} ({each})"
    if len(ledger.inventories) > 1:
        yield "inventories", f"{len(ledger.inventories):,}, each judged alone"
    else:
        here = next(iter(ledger.inventories.values()))
        left = "unknown at the end" if here.remaining is None else f"{here.remaining:,} at the end"
        yield "tickets", f"{here.tickets:,} at the start, {left}"
    yield "time", f"{elapsed_s:.3f} s"
    for one in decision.verdict.anomalies:
        yield one.name.value, one.message
    if not decision.verdict.anomalies:
        yield "why", decision.verdict.reason
    if ledger.steps_left_out:
        yield "note", f"{ledger.steps_left_out:,} steps were too many to look for causes in"
    for note in ledger.notes:
        yield "note", note


def _explain(decision: Decision, ledger: Columns) -> None:
    from booking.report.terminal.timeline import timeline

    for proof in decision.certificates:
        here = ledger.inventories[proof.key]
        of = f" ({proof.key})" if proof.key is not None else ""
        click.echo(f"\n  {click.style(f'proof{of}: {proof.kind}', bold=True)}")
        for line in timeline(proof, here.tickets or 0):
            click.echo(line)
    if decision.certificates:
        return
    for one in decision.verdict.anomalies:
        click.echo(f"\n  {click.style(one.name.value, bold=True)}")
        for event in one.witness:
            what = " ".join(
                str(part)
                for part in (event.type, event.f, event.resource, event.value, event.error)
                if part is not None
            )
            told = f" saw {event.saw}" if event.saw is not None else ""
            click.echo(f"  {event.time:>20}  buyer {event.process:<4} {what}{told}")
