"""`booking list`: what is installed, with its facts."""

from __future__ import annotations

import click

from booking.cli.options import json_option


@click.command(epilog="Example: booking list --json")
@json_option
def listing(as_json: bool) -> int:
    """List stores, locks, guards, fleets, behaviours and schedulers, with their facts."""
    from booking.core.catalogue import catalogue
    from booking.report import documents
    from booking.report.terminal.catalogue import show_catalogue

    installed = catalogue()
    if as_json:
        documents.show(installed)
    else:
        show_catalogue(installed)
    return 0
