"""`booking schema`: what a scenario file may say, for editors."""

from __future__ import annotations

import click


@click.command(epilog="Example: booking schema > scenario.schema.json")
def schema() -> int:
    """Print the JSON Schema of a scenario file."""
    from booking.core.scenario import schema as document
    from booking.report import documents

    documents.write(document())
    return 0
