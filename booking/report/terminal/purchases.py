"""Show the price of purchase functions on the terminal: a table for each number of buyers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from booking.bench.purchases import PurchaseRow
from booking.core.printable import printable
from booking.core.wording import counted
from booking.report.terminal.benchmark import NOTHING, bar
from booking.report.terminal.layout import Block, Command, Line, Part, show_parts, table

COLUMNS = ("sales/s", "×first", "p50 ms", "p99 ms", "lost", "failed", "±")


def show_purchases(rows: Sequence[PurchaseRow], failed: Mapping[str, str], again: str) -> None:
    """Print the figures of each function beside the others, and what was wrong."""
    parts: list[Part] = [
        Block(_table([row for row in rows if row.buyers == buyers]), counted(buyers, "buyer"))
        for buyers in dict.fromkeys(row.buyers for row in rows)
    ]
    for row in rows:
        if not row.sound:
            what = ", ".join(row.anomalies)
            text = f"{row.behaviour} with {counted(row.buyers, 'buyer')}: {what}"
            parts.append(Line("unsound", text))
    parts += [Line("left out", f"{name}: {why}") for name, why in failed.items()]
    if not any(row.contended for row in rows):
        parts.append(Line("in doubt", "no purchases met: there was no competition to price"))
    show_parts([*parts, Command("again", again)])


def _table(rows: Sequence[PurchaseRow]) -> list[Text]:
    most = max(row.sales_per_s for row in rows)
    lines: list[tuple[str, ...]] = [("", "", *COLUMNS)]
    lines += [
        (printable(row.behaviour), bar(row.sales_per_s / most if most else 0), *_cells(row))
        for row in rows
    ]
    return table(lines, ["dim", *("" if row.sound else "red" for row in rows)])


def _cells(row: PurchaseRow) -> tuple[str, ...]:
    return (
        f"{row.sales_per_s:,.0f}",
        NOTHING if row.ratio_to_first is None else f"{row.ratio_to_first:.2f}",
        f"{row.wait_p50_ms:.2f}",
        f"{row.wait_p99_ms:.2f}",
        f"{row.lost_sales:,}",
        f"{row.failed:,}",
        f"{row.spread:.0%}",
    )
