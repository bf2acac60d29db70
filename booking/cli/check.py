"""`booking check`: check a recorded history, ours or another tool's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import eq
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from booking.cli.options import SIZE, choice, json_option, memory_option, typed
from booking.errors import EXIT_CODE_OF_VERDICT, HistoryError, UsageError
from booking.history.source import LINE_BYTES_MAX
from booking.system.sizes import shown_size

if TYPE_CHECKING:
    from booking.checker import Columns, Decision
    from booking.history import Reader
    from booking.history.model import Event

_Command = TypeVar("_Command", bound=Callable[..., object])

KINDS = {"buy": "buy", "observe": "search", "refund": "refund"}  # and their default names

EPILOG = """\b
Examples:
  booking simulate --buyers 10 --history sale.jsonl
  booking check sale.jsonl --explain
  booking check jepsen.edn --buy add --observe read --counting up --tickets 100
  booking check - --ignore swap < history.txt

\b
Exit codes: 0 valid, 1 an anomaly, 2 the history cannot be read, 3 unknown.
"""


def _names(flag: str, default: str, what: str) -> Callable[[_Command], _Command]:
    """Return an option that may be given several times, each with one name."""
    return click.option(
        flag,
        multiple=True,
        metavar="NAME",
        help=f"{what} Several are allowed.  [default: {default}]",
    )


@click.command("check", epilog=EPILOG)
@click.argument("history", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--tickets", type=click.IntRange(min=0), help="Count at the start, if not recorded.")
@click.option("--remaining", type=int, help="Count at the end, if not recorded.")
@_names("--buy", "buy", "What a purchase is called there.")
@_names("--observe", "search", "What reading the count is called.")
@_names("--refund", "refund", "What giving back is called.")
@_names("--sold-out", "sold-out", "The error that means: none left.")
@click.option("--ignore", multiple=True, metavar="NAME", help="An operation to leave out.")
@click.option(
    "--counting",
    type=choice("down", "up"),
    default="down",
    show_default=True,
    help="Whether the counter counts tickets left (down) or sold (up).",
)
@click.option(
    "--numbers",
    type=choice("before", "after", "seat", "none"),
    help="What an ok purchase's value is: the count before it, the count after it, a seat's "
    "number, or nothing.  [default: as the values show]",
)
@click.option(
    "--format",
    "form",
    type=choice("auto", "jsonl", "edn", "jepsen-log"),
    default="auto",
    show_default=True,
    help="How the history is written; auto looks at its content.",
)
@click.option("--keyed", is_flag=True, help="Values are [key, value]: several inventories.")
@click.option(
    "--states",
    type=click.IntRange(min=1),
    help="Budget of the search for orders of several quantities.  [default: 200000]",
)
@click.option(
    "--max-line", type=SIZE, metavar="SIZE", default=LINE_BYTES_MAX, help="Longest line of the "
    f"history that is read.  [default: {shown_size(LINE_BYTES_MAX).replace(' ', '')}]",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Draw the proof as a time diagram.")
@memory_option
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
    form: str,
    keyed: bool,
    states: int | None,
    max_line: int,
    explain: bool,
    as_json: bool,
) -> None:
    """Check a recorded history: is there an order of it that a correct counter could have served?

    HISTORY is JSON lines with Jepsen's keys (process, type, f, value, time, index), EDN as Jepsen
    writes it, or a log of Jepsen; - is standard input.
    """
    from booking.checker import Columns, Naming, decide
    from booking.checker.search.wgl import STATES_MAX
    from booking.core.protocols import SOLD_OUT
    from booking.history import read
    from booking.history.memory import ensure_memory

    began = time.perf_counter()
    buy, observe, refund = _told_apart({"buy": buy, "observe": observe, "refund": refund}, ignore)
    naming = Naming(
        buy,
        observe,
        refund,
        sold_out or (SOLD_OUT,),
        cast("Any", counting),
        cast("Any", numbers),
        ignore,
        keyed,
    )
    columns = Columns(naming, tickets, remaining)
    reader = read(history, keyed=keyed, format=cast("Any", form), line_max=max_line)
    click.get_current_context().call_on_close(reader.source.close)
    ensure_memory(reader.source)
    _load(columns, reader)
    _require_operations(columns, reader.name)
    _require_unique_indexes(columns, reader.name)
    _require_tickets(columns, reader.name)
    decision = decide(
        columns,
        want_order=as_json,
        states_max=states or STATES_MAX,
        originals=reader.events_at,
        answers_needed=True,
    )
    elapsed_s = time.perf_counter() - began
    if as_json:
        from booking.report import documents
        from booking.report.check_document import check_document

        reason = _reason(decision, columns)
        documents.show(check_document(decision, columns, reason, elapsed_s))
    else:
        from booking.report.terminal.check import show_decision

        context = click.get_current_context()
        how = None if explain or str(history) == "-" else typed(context, explain=True)
        show_decision(decision, columns, elapsed_s, explain=explain, how_to_explain=how)
    click.get_current_context().exit(EXIT_CODE_OF_VERDICT[decision.verdict.outcome])


def _told_apart(
    given: dict[str, tuple[str, ...]], ignore: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    """Yield the names of each kind of operation; a default gives way to what the user says."""
    kind_of: dict[str, str] = dict.fromkeys(ignore, "ignore")
    for kind, names in given.items():
        for name in names:
            if kind_of.setdefault(name, kind) != kind:
                raise UsageError(f"--{kind} {name}: --{kind_of[name]} names the same operations")
    for kind, names in given.items():
        default = KINDS[kind]
        yield names or (() if default in kind_of else (default,))


def _load(columns: Columns, reader: Reader) -> None:
    """Read the whole history into columns; the error for a contradiction names its line."""
    from booking.checker.reading.columns import ContradictionError

    try:
        for events in _with_progress(reader.chunks()):
            columns.feed(events)
        columns.close()
    except ContradictionError as error:
        line = reader.line_of(error.event)
        where = f", line {line}" if line is not None else ""
        raise HistoryError(f"{reader.name}{where}: {error.why}") from error
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


def _require_unique_indexes(columns: Columns, name: str) -> None:
    """Refuse a history in which two events share an index: a proof names events by it."""
    indexes: list[int] = []
    for inventory in columns.inventories.values():
        for rows in inventory.rows():
            indexes += rows.index
            indexes += [index for index in rows.done if index is not None]
    indexes.sort()
    count = sum(map(eq, indexes, islice(indexes, 1, None)))
    if count:
        raise HistoryError(
            f"{name}: {count} events have the index of another one; number the events, or leave "
            "`index` out everywhere"
        )
    if indexes and indexes[0] < 0:
        raise HistoryError(f"{name}: an event has the index {indexes[0]}; 0 is the least")


def _require_operations(columns: Columns, name: str) -> None:
    """Refuse a history without orders and searches: most likely it has other names for them."""
    if sum(columns.outcomes.values()):
        return
    if columns.sale and not columns.ignored:
        return  # ours: a sale in which nothing happened is unknown
    if columns.ignored:
        names = ", ".join(sorted(columns.ignored))
        raise HistoryError(
            f"{name}: no orders and no searches in it; say which are, with --buy NAME and "
            f"--observe NAME: it has {names}"
        )
    raise HistoryError(f"{name}: {'; '.join(columns.notes) or 'it is empty'}: nothing to check")


def _require_tickets(columns: Columns, name: str) -> None:
    """Refuse a history that does not tell the count at the start, unless a flag does."""
    if any(inventory.tickets is None for inventory in columns.inventories.values()):
        raise HistoryError(
            f"{name} does not say how many tickets there were at the start: give --tickets N"
        )


def _reason(decision: Decision, columns: Columns) -> str:
    return "; ".join([decision.verdict.reason, *columns.notes])
