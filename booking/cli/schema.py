"""`booking schema`: what a scenario file may say, for editors."""

from __future__ import annotations

import click


@click.command(epilog="Example: booking schema > scenario.schema.json")
def schema() -> int:
    """Print the JSON Schema of a scenario file."""
    from booking.report import machine
    from booking.scenario import schema as document

    machine.show(document())
    return 0
