"""Show what is installed on the terminal, with its facts."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from booking.report.terminal.console import console, plain


def show_catalogue(catalogue: dict[str, list[dict[str, Any]]]) -> None:
    """Print a table for each kind: the names, their facts, what they are."""
    for kind, entries in catalogue.items():
        facts = list(entries[0]["facts"]) if entries else []
        table = Table(
            title=kind, title_justify="left", title_style="bold", box=None, pad_edge=False
        )
        for column in ("name", *(fact.replace("_", " ") for fact in facts), "what it is"):
            table.add_column(column, header_style="dim", overflow="fold")
        for entry in entries:
            name = entry["name"] + (" *" if entry.get("default") else "")
            found = entry.get("probe", {}).get("found", {})
            values = [_cell(entry["facts"].get(fact), found.get(fact)) for fact in facts]
            table.add_row(*map(plain, (name, *values, entry["what"])))
        console().print(table)
        console().print()
    console().print("[dim]* the default of --lock[/]", markup=True)


def _cell(fact: Any, found: bool | None = None) -> str:
    """Show a fact; beside it what a probe found, where that differs."""
    shown = ("yes" if fact else "no") if isinstance(fact, bool) else str(fact)
    if found is None or found == fact:
        return shown
    return f"{shown if fact is not None else 'unstated'}, found {'yes' if found else 'no'}"
