"""`booking check`: check a recorded history, ours or another tool's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from booking.cli.options import json_option
from booking.errors import EXIT_CODE_OF_VERDICT, HistoryError

if TYPE_CHECKING:
    from booking.checker import Columns, Decision
    from booking.checker.inventory import Inventory
    from booking.checker.operations import Op
    from booking.history import Reader
    from booking.history.model import Event

_Command = TypeVar("_Command", bound=Callable[..., object])

SIGNS = {"valid": ("✓", "green"), "invalid": ("✗", "red"), "unknown": ("?", "yellow")}

EPILOG = """\b
Examples:
  booking simulate --buyers 10 --history sale.jsonl
  booking check sale.jsonl --explain
  booking check jepsen.edn --buy add --observe read --counting up --tickets 100

\b
Exit codes: 0 valid, 1 an anomaly, 2 the history cannot be read, 3 unknown.
"""


def _names(flag: str, default: str, what: str) -> Callable[[_Command], _Command]:
    """Return an option that may be given several times, each with one name."""
    return click.option(
        flag,
        multiple=True,
        default=(default,),
        metavar="NAME",
        help=f"{what} Several are allowed.  [default: {default}]",
    )


@click.command("check", epilog=EPILOG)
@click.argument("history", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--tickets", type=click.IntRange(min=0), help="Count at the start, if not recorded.")
@click.option("--remaining", type=int, help="Count at the end, if not recorded.")
@_names("--buy", "buy", "What a purchase is called there.")
@_names("--observe", "search", "What reading the count is called.")
@_names("--refund", "refund", "What giving back is called.")
@_names("--sold-out", "sold-out", "The error that means: none left.")
@click.option("--ignore", multiple=True, metavar="NAME", help="An operation to leave out.")
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
    help="What an ok purchase's value is: the count before it, the count after it, a seat's "
    "number, or nothing.  [default: as the values show]",
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
    buy: tuple[str, ...],
    observe: tuple[str, ...],
    refund: tuple[str, ...],
    sold_out: tuple[str, ...],
    ignore: tuple[str, ...],
    counting: str,
    numbers: str | None,
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
    naming = Naming(
        buy, observe, refund, sold_out, cast("Any", counting), cast("Any", numbers), ignore
    )
    columns = Columns(naming, tickets, remaining)
    reader = read(history, keyed=keyed)
    _load(columns, reader)
    _require_operations(columns, history)
    _require_unique_indexes(columns, history)
    _require_tickets(columns, history)
    decision = decide(
        columns,
        want_order=as_json,
        states_max=states or STATES_MAX,
        originals=reader.events_at,
        answers_needed=True,
    )
    elapsed_s = time.perf_counter() - began
    if as_json:
        _print_json(decision, columns, elapsed_s)
    else:
        _print(decision, columns, elapsed_s, explain=explain)
    click.get_current_context().exit(EXIT_CODE_OF_VERDICT[decision.verdict.outcome])


def _load(columns: Columns, reader: Reader) -> None:
    """Read the whole history into columns; the error for a contradiction names its line."""
    from booking.checker.columns import ContradictionError

    try:
        for events in _with_progress(reader.chunks()):
            columns.feed(events)
        columns.close()
    except ContradictionError as error:
        line = reader.line_of(error.event)
        where = f", line {line}" if line is not None else ""
        raise HistoryError(f"{reader.path}{where}: {error.why}") from error
    columns.notes += reader.notes


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


def _require_unique_indexes(columns: Columns, path: Path) -> None:
    """Refuse a history in which two operations share an index: a proof names events by it."""
    seen: set[int] = set()
    count = 0
    for inventory in columns.inventories.values():
        for rows in (inventory.sold, inventory.searches, inventory.sold_outs):
            seen.update(rows.index)
            count += len(rows.index)
    if len(seen) < count:
        raise HistoryError(
            f"{path}: {count - len(seen)} operations have the index of another one; number the "
            "events, or leave `index` out everywhere"
        )


def _require_operations(columns: Columns, path: Path) -> None:
    """Refuse a history without orders and searches: most likely it has other names for them."""
    if sum(columns.outcomes.values()):
        return
    if columns.ignored:
        names = ", ".join(sorted(columns.ignored))
        raise HistoryError(
            f"{path}: no orders and no searches in it; say which are, with --buy NAME and "
            f"--observe NAME: it has {names}"
        )
    raise HistoryError(f"{path}: {'; '.join(columns.notes) or 'it is empty'}: nothing to check")


def _require_tickets(columns: Columns, path: Path) -> None:
    """Refuse a history that does not tell the count at the start, unless a flag does."""
    if any(inventory.tickets is None for inventory in columns.inventories.values()):
        raise HistoryError(
            f"{path} does not say how many tickets there were at the start: give --tickets N"
        )


def _reason(decision: Decision, columns: Columns) -> str:
    return "; ".join([decision.verdict.reason, *columns.notes])


def _print_json(decision: Decision, columns: Columns, elapsed_s: float) -> None:
    from booking.report import documents

    verdict = decision.verdict
    document = {
        "verdict": verdict.outcome.value,
        "reason": _reason(decision, columns),
        "anomalies": [
            {
                "name": anomaly.name.value,
                "message": anomaly.message,
                "witness": list(anomaly.evidence),
            }
            for anomaly in verdict.anomalies
        ],
        "operations": columns.outcomes,
        "ignored": columns.ignored,
        "tickets": columns.tickets,
        "remaining": columns.remaining,
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
        "notes": columns.notes,
    }
    documents.show(document)


def _index(op: Op | None) -> int | str | None:
    if op is None:
        return None
    return "end" if op.what == "end" else op.index


def _print(decision: Decision, columns: Columns, elapsed_s: float, *, explain: bool) -> None:
    from booking.report.terminal.wrapping import wrapped

    verdict = decision.verdict
    sign, colour = SIGNS[verdict.outcome.value]
    names = ", ".join(dict.fromkeys(anomaly.name.value for anomaly in verdict.anomalies))
    title = f"{sign} {verdict.outcome.value.upper()}"
    line = wrapped(f"{title}  {names}".rstrip(), "  ")
    click.echo(line.replace(title, click.style(title, fg=colour, bold=True), 1))
    click.echo()
    for label, text in _rows(decision, columns, elapsed_s):
        line = wrapped(f"  {label:<20}{text}", " " * 22)
        click.echo(line.replace(label, click.style(label, dim=True), 1))
    if explain:
        _explain(decision, columns)


def _rows(decision: Decision, columns: Columns, elapsed_s: float) -> Iterator[tuple[str, str]]:
    counts = columns.outcomes
    total = sum(counts.values())
    each = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    yield "operations", f"{total:,} ({each})"
    if len(columns.inventories) > 1:
        yield "inventories", f"{len(columns.inventories):,}, each judged alone"
    else:
        inventory = next(iter(columns.inventories.values()))
        yield "tickets", f"{inventory.tickets:,} at the start, {_at_the_end(inventory)}"
    yield "time", f"{elapsed_s:.3f} s"
    for anomaly in decision.verdict.anomalies:
        yield anomaly.name.value, anomaly.message
    if not decision.verdict.anomalies:
        yield "why", decision.verdict.reason
    if columns.steps_left_out:
        yield "note", f"{columns.steps_left_out:,} steps were too many to look for causes in"
    for note in columns.notes:
        yield "note", note


def _at_the_end(inventory: Inventory) -> str:
    """Return the count at the end as it was recorded."""
    if inventory.remaining is None:
        return "unknown at the end"
    if inventory.counts_up:
        sold = (inventory.tickets or 0) - inventory.remaining
        return f"{sold:,} sold at the end ({inventory.remaining:,} left)"
    return f"{inventory.remaining:,} at the end"


def _explain(decision: Decision, columns: Columns) -> None:
    from booking.report.terminal.timeline import timeline

    for proof in decision.certificates:
        inventory = columns.inventories[proof.key]
        of = f" ({proof.key})" if proof.key is not None else ""
        click.echo(f"\n  {click.style(f'proof{of}: {proof.kind}', bold=True)}")
        for line in timeline(proof, inventory.tickets or 0):
            click.echo(line)
    if decision.certificates:
        return
    for anomaly in decision.verdict.anomalies:
        click.echo(f"\n  {click.style(anomaly.name.value, bold=True)}")
        for event in anomaly.evidence:
            click.echo(f"  {event.time:>20}  buyer {event.process:<4} {_event_text(event)}")


def _event_text(event: Event) -> str:
    fields = (event.type, event.f, event.resource, event.value, event.error)
    text = " ".join(str(field) for field in fields if field is not None)
    return text if event.saw is None else f"{text} saw {event.saw}"
