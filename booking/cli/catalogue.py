"""`booking list`: what is installed, with its facts."""

from __future__ import annotations

from typing import Any

import click

from booking.cli.options import json_option


@click.command(epilog="Examples: booking list --json; booking list --probe")
@click.option("--probe", is_flag=True, help="Torture each lock, and compare its facts with it.")
@json_option
def listing(probe: bool, as_json: bool) -> int:
    """List stores, locks, guards, fleets, behaviours and schedulers, with their facts.

    With --probe real processes torture each lock alone. Exit code 1: a fact is wrong.
    """
    from booking.core.catalogue import catalogue
    from booking.core.redaction import redacted
    from booking.report import documents
    from booking.report.terminal.catalogue import show_catalogue
    from booking.report.terminal.text import echo

    installed = catalogue()
    lies = _probed(installed["locks"]) if probe else []
    if as_json:
        documents.show(installed)
    else:
        show_catalogue(installed)
    if not lies:
        return 0
    more = f" (and {len(lies) - 1} more)" if len(lies) > 1 else ""
    echo(redacted(f"booking: {lies[0]}{more}"), err=True)
    return 1


def _probed(locks: list[dict[str, Any]]) -> list[str]:
    """Add to each installed lock what a torture finds; return what is not as it is stated."""
    from booking.experiments.lock_probe import probe

    lies = []
    for entry in locks:
        if entry["installed"]:
            probed = probe(entry["name"])
            entry["probe"] = {
                "found": probed.found, "lies": probed.lies, "elapsed_s": probed.elapsed_s
            }  # fmt: skip
            lies += [f"lock {entry['name']}: {lie}" for lie in probed.lies]
    return lies
