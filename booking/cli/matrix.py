"""`booking matrix`: which anomaly each guard on each store allows, shown by runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from booking.cli.completers import GUARDS, STORES, folders
from booking.cli.options import json_option, memory_option, names_in, typed

if TYPE_CHECKING:
    from booking.experiments.matrix import Column

EPILOG = """\b
Examples:
  booking matrix
  booking matrix --stores sqlite,redis --guards none,atomic,compensate --witnesses found/
  booking matrix --stores json --markdown matrix.md
"""


@click.command(epilog=EPILOG)
@click.option(
    "--stores", metavar="A,B,…", shell_complete=STORES,
    help="[default: json,sqlite,postgres,redis]",
)  # fmt: skip
@click.option(
    "--guards", metavar="A,B,…", shell_complete=GUARDS, help="[default: all that a store can carry]"
)
@click.option(
    "--trials", type=click.IntRange(1), metavar="N", help="Sales of real processes.  [default: 20]"
)
@click.option(
    "--witnesses", metavar="FOLDER", type=click.Path(path_type=Path), shell_complete=folders,
    help="Write the evidence of each anomaly here.",
)  # fmt: skip
@click.option(
    "--markdown", "document", metavar="FILE", type=click.Path(path_type=Path),
    help="Write the table here.",
)  # fmt: skip
@memory_option
@json_option
@click.pass_context
def matrix(
    context: click.Context,
    /,
    stores: str | None,
    guards: str | None,
    trials: int | None,
    witnesses: Path | None,
    document: Path | None,
    as_json: bool,
) -> int:
    """Show by runs which anomaly happens under each guard on each store.

    Every interleaving of three small sales is explored; sales of real processes try what crashes
    and pauses do. The evidence of an exploration is a file for booking replay, that of a sale of
    real processes one for booking check.
    """
    from booking.experiments.matrix import STORES, TRIALS, fill
    from booking.report.terminal.progress import progress
    from booking.report.terminal.text import echo
    from booking.system.output import ensure_output

    chosen, wanted = _names("--stores", stores) or STORES, _names("--guards", guards)
    _ensure_some(chosen, wanted)
    if document is not None:
        ensure_output("--markdown", document)
    columns: list[Column] = []
    interrupted: KeyboardInterrupt | None = None
    count = TRIALS if trials is None else trials
    try:
        with progress() as display:
            fill(chosen, wanted, count, witnesses, display.update, columns)
    except KeyboardInterrupt as error:
        if not columns:
            raise
        interrupted = error
    _show(columns, document, partial(typed, context), as_json=as_json)
    if interrupted is not None:
        raise interrupted
    failed = [column for column in columns if column.code]
    for column in failed:
        echo(f"booking: {column.guard} on {column.store}: {column.left_out}", err=True)
    return max((column.code for column in failed), default=0)


def _show(
    columns: Sequence[Column],
    document: Path | None,
    command: Callable[..., str],
    *,
    as_json: bool,
) -> None:
    """Show the columns in every form that the user asked for."""
    from booking.report import documents
    from booking.report.matrix_files import markdown, matrix_document
    from booking.report.terminal.matrix import show_matrix
    from booking.system.output import write_output

    if document is not None:
        write_output("--markdown", document, [markdown(columns).encode(errors="replace")])
    if as_json:
        documents.show(matrix_document(columns))
    else:
        show_matrix(columns, command)


def _names(flag: str, text: str | None) -> list[str]:
    """Return the names in a list, each once."""
    from booking.errors import UsageError

    if text is None:
        return []
    names = list(dict.fromkeys(names_in(text)))
    if not names:
        raise UsageError(f"{flag}: names nothing; leave it out, or give names: A,B")
    return names


def _ensure_some(stores: Sequence[str], guards: Sequence[str]) -> None:
    """Raise `UsageError` where the stores can carry none of the guards."""
    from booking.core.catalogue import carries
    from booking.core.registry import members, resolve
    from booking.errors import UsageError

    classes = [resolve("store", store) for store in stores]
    known = dict(members("guard"))
    able = [
        name for name, guard in known.items() if any(carries(store, guard) for store in classes)
    ]
    if set(guards) <= set(known) and guards and not set(guards) & set(able):
        raise UsageError(
            f"--guards: {', '.join(guards)} cannot be carried by {', '.join(stores)}, "
            f"which can do: {', '.join(able)}"
        )
