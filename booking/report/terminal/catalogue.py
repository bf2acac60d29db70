"""Show what is installed on the terminal, with its facts."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from booking.core.printable import printable
from booking.report.terminal.console import console
from booking.report.terminal.layout import GAP, table
from booking.report.terminal.wrapping import cells, padded, prose_columns, wrapped

TEXT_MIN = 36  # columns that a description needs to stand beside the facts
FACT_MAX = 24  # a longer fact stands below, as a description without room does
BELOW = "    "


def show_catalogue(catalogue: dict[str, list[dict[str, Any]]]) -> None:
    """Print a table for each kind: the names, their facts, what they are."""
    for kind, entries in catalogue.items():
        console().print(Text(kind, "bold"))
        for line in _table(entries):
            console().print(line)
        console().print()
    console().print("[dim]* the default of --lock[/]", markup=True)


def _table(entries: list[dict[str, Any]]) -> list[Text]:
    """Return the lines of a kind's table; descriptions beside the facts where there is room."""
    facts = list(entries[0]["facts"]) if entries else []
    rows = [["name", *(fact.replace("_", " ") for fact in facts)]]
    rows += [_row(entry, facts) for entry in entries]
    long = {at for row in rows for at, cell in enumerate(row) if cells(cell) > FACT_MAX}
    short = [[cell for at, cell in enumerate(row) if at not in long] for row in rows]
    head, *lines = table(short, ["dim"], indent="")
    columns = prose_columns(console().width)
    at = max(cells(line.plain) for line in (head, *lines)) + len(GAP)
    if columns - at >= TEXT_MIN and not long:
        shown = _beside(head, "what it is", at, columns, "dim")
        for line, entry in zip(lines, entries, strict=True):
            shown += _beside(line, entry["what"], at, columns)
        return shown
    for line, row, entry in zip(lines, rows[1:], entries, strict=True):
        said = [entry["what"], *(f"{rows[0][at]}: {row[at]}" for at in sorted(long))]
        below = "\n".join(part for text in said for part in wrapped(text, columns, BELOW))
        line.append(f"\n{below}", "dim")
    return [head, *lines]


def _beside(line: Text, what: str, at: int, columns: int, style: str = "") -> list[Text]:
    """Return the lines of a row whose description begins in a column."""
    first = padded(line.plain, at)
    return [Text(text, style) for text in wrapped(printable(what), columns, first)]


def _row(entry: dict[str, Any], facts: list[str]) -> list[str]:
    """Return the cells of an entry: its name, and its facts with what a probe found."""
    name = entry["name"] + (" *" if entry.get("default") else "")
    found = entry.get("probe", {}).get("found", {})
    return [name, *(_cell(entry["facts"].get(fact), found.get(fact)) for fact in facts)]


def _cell(fact: Any, found: bool | None = None) -> str:
    """Show a fact; beside it what a probe found, where that differs."""
    shown = ("yes" if fact else "no") if isinstance(fact, bool) else str(fact)
    if found is None or found == fact:
        return shown
    return f"{shown if fact is not None else 'unstated'}, found {'yes' if found else 'no'}"
