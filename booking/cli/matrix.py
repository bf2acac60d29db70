"""`booking matrix`: which anomaly each guard on each store allows, shown by runs."""

from __future__ import annotations

from pathlib import Path

import click

from booking.cli.options import json_option

EPILOG = """\b
Examples:
  booking matrix
  booking matrix --stores sqlite,redis --guards none,atomic,compensate --witnesses found/
  booking matrix --stores json --markdown matrix.md
"""


@click.command(epilog=EPILOG)
@click.option("--stores", metavar="A,B,…", help="[default: json,sqlite,postgres,redis]")
@click.option("--guards", metavar="A,B,…", help="[default: all that a store can carry]")
@click.option(
    "--trials", type=click.IntRange(1), metavar="N", help="Sales of real processes.  [default: 20]"
)
@click.option(
    "--witnesses", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False),
    help="Write the evidence of each anomaly here.",
)  # fmt: skip
@click.option(
    "--markdown", "document", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the table here.",
)  # fmt: skip
@json_option
def matrix(
    stores: str | None,
    guards: str | None,
    trials: int | None,
    witnesses: Path | None,
    document: Path | None,
    as_json: bool,
) -> int:
    """Show by runs which anomaly happens under each guard on each store.

    Every interleaving of three small sales is explored; what crashes and pauses do is tried in
    sales of real processes. An exploration's witness is a file for booking replay, a sale's
    history one for booking check.
    """
    from booking.cli.progress import Progress
    from booking.errors import UsageError
    from booking.matrix import STORES, TRIALS, fill
    from booking.report import machine
    from booking.report.matrix import markdown, matrix_document, show_matrix

    shown = Progress()
    columns = fill(
        _names(stores) or STORES, _names(guards), TRIALS if trials is None else trials, witnesses,
        shown.tell,
    )  # fmt: skip
    shown.end()
    if document is not None:
        try:
            document.write_text(markdown(columns))
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
            raise UsageError(f"--markdown {document}: {problem}") from None
    if as_json:
        machine.show(matrix_document(columns))
    else:
        show_matrix(columns)
    return 0


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()] if text else []
