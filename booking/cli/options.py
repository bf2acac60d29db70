"""Share among commands: `--json`, and lists of names."""

from __future__ import annotations

import click


def _only_json(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    if value:
        from booking.report import documents

        documents.reserve_output()
        context.call_on_close(documents.release_output)
    return value


json_option = click.option(
    "--json", "as_json", is_flag=True, is_eager=True, callback=_only_json,
    help="One JSON document on standard output.",
)  # fmt: skip


def names_in(text: str) -> list[str]:
    """Return the names in a list with commas."""
    return [name for word in text.split(",") if (name := word.strip())]
