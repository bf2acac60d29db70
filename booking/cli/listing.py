"""`booking list`: what is installed, with its facts."""

from __future__ import annotations

import click


@click.command(epilog="Example: booking list --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def listing(as_json: bool) -> int:
    """List stores, locks, guards and fleets, with their facts."""
    from booking.catalogue import catalogue
    from booking.report import machine, terminal

    found = catalogue()
    if as_json:
        machine.show(found)
    else:
        terminal.show_catalogue(found)
    return 0
