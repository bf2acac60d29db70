"""Show a benchmark on the terminal: a table for each number of buyers, floors, scaling laws."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import inf
from typing import Any

from rich.console import Console
from rich.table import Table

from booking.bench.aggregate import Row
from booking.bench.scalability_law import FORECAST_BUYERS, Fit
from booking.core.registry import resolve
from booking.core.traits import guard_traits
from booking.report.terminal.console import SafeConsole, plain

WIDTH = 150  # where output is no terminal
NARROW = 132  # a narrower terminal has no room for the columns LEFT_OUT
BAR_CELLS = 12
EIGHTHS = " ▏▎▍▌▋▊▉"
NOTHING = "–"
COLUMNS = (
    "sales/s", "±", "×bare", "×none", "p50 ms", "p99 ms", "max ms", "all done", "Jain", "no sale",
    "CPU µs", "lost", "failed", "retried", "kill-safe",
)  # fmt: skip
LEFT_OUT = {"max ms", "all done", "failed", "retried", "×none"}


def screen() -> Console:
    """Return the console of the table: as wide as the table where output is no terminal."""
    return SafeConsole(width=None if sys.stdout.isatty() else WIDTH)


def show_rows(rows: Sequence[Row]) -> None:
    """Print a table for each number of buyers; the fastest sound variant stands out."""
    out, stores = screen(), len({row.variant.store for row in rows})
    for buyers in dict.fromkeys(row.buyers for row in rows):
        group = [row for row in rows if row.buyers == buyers]
        table = Table(
            title=f"{buyers} buyer{'s' * (buyers > 1)}", title_justify="left", title_style="bold",
            box=None, pad_edge=False, padding=(0, 1, 0, 0),
        )  # fmt: skip
        table.add_column("", no_wrap=True)
        table.add_column("", no_wrap=True, width=BAR_CELLS)
        shown = [name for name in COLUMNS if out.width >= NARROW or name not in LEFT_OUT]
        for name in shown:
            table.add_column(name, justify="right", header_style="dim", no_wrap=True)
        best = winner(group)
        most = max(_value(row, "sales_per_s") for row in group)
        for row in group:
            style = "bold green" if row is best else "red" if not row.sound else None
            label = f"{row.variant.title(stores)}{' ◀' if row is best else ''}"
            length = bar(_value(row, "sales_per_s") / most) if most else ""
            cells = dict(zip(COLUMNS, _cells(row), strict=True))
            table.add_row(plain(label), length, *(cells[name] for name in shown), style=style)
        out.print(table)
        out.print()


def winner(group: Sequence[Row]) -> Row | None:
    """Return the fastest contended row that lost no sale.

    A guard that is unsound by design never wins: that it lost nothing was luck.
    """
    able = [
        row for row in group if row.sound and row.contended and _sound_by_design(row.variant.guard)
    ]
    return max(able, key=lambda row: _value(row, "sales_per_s"), default=None)


def _sound_by_design(guard: str) -> bool:
    return guard_traits(resolve("guard", guard)).sound is not False


def show_floors(floors: dict[str, float], limit: str) -> None:
    """Print the floors: the throughput of one process alone."""
    out = screen()
    for name, per_s in floors.items():
        out.print(f"[dim]{plain(name):<16}[/] {per_s:>9,.0f} sales/s alone, without a lock")
    if limit == "bare":
        out.print("[yellow]no C compiler was found: the limit is `bare`, not the C loop[/]")
    out.print()


def show_fits(fits: dict[str, Fit | None]) -> None:
    """Print the scaling law of each variant, with its forecasts."""
    out = screen()
    table = Table(
        title="Universal Scalability Law (in brackets: the middle 90 % of the bootstrap)",
        title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0),
    )  # fmt: skip
    for name in ("", "contention σ", "coherency κ", "peak at N"):
        table.add_column(name, header_style="dim", no_wrap=True)
    for buyers in FORECAST_BUYERS:
        table.add_column(f"forecast {buyers:,}", header_style="dim italic", no_wrap=True)
    for label, fit in fits.items():
        if fit is None:
            table.add_row(plain(label), "too few numbers of buyers: at least 4", *[NOTHING] * 4)
            continue
        law = fit.law
        table.add_row(
            plain(label),
            f"{law.sigma:.3g} {_range(fit.sigma_range)}",
            f"{law.kappa:.2g} {_range(fit.kappa_range)}",
            f"{_count(law.peak_buyers)} {_range(fit.peak_range, whole=True)}",
            *(f"{_number(law.at(n))}/s {_range(fit.forecast_ranges[n])}" for n in FORECAST_BUYERS),
        )
    out.print(table)
    out.print("[dim]A forecast is the law drawn further than anything was measured.[/]")
    out.print()


def show_lines(lines: Sequence[str], colour: str) -> None:
    """Print sentences in a colour."""
    for line in lines:
        screen().print(f"[{colour}]{plain(line)}[/]")


def bar(share: float) -> str:
    """Draw a share of 1 with eighths of a character."""
    eighths = round(max(0.0, min(1.0, share)) * BAR_CELLS * 8)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _cells(row: Row) -> list[str]:
    """Return what stands in each of COLUMNS."""
    values = row.values
    spread = row.spread.get("sales_per_s")
    kill_safe = {True: "yes", False: "NO", None: NOTHING}[row.kill_safe]
    return [
        f"{_value(row, 'sales_per_s'):,.0f}",
        NOTHING if spread is None else f"{spread:.0%}",
        *(_number(values[name]) for name in ("ratio_to_bare", "ratio_to_none")),
        *(_number(values[name]) for name in ("wait_p50_ms", "wait_p99_ms", "wait_max_ms")),
        _number(values["makespan_ms"]),
        _number(values["jain"]),
        _number(values["buyers_without_a_sale"]),
        _number(values["cpu_us_per_sale"]),
        *(_number(values[name]) for name in ("lost_sales", "failed", "retried")),
        kill_safe,
    ]


def _value(row: Row, name: str) -> float:
    return row.values[name] or 0.0


def _number(value: float | None) -> str:
    """Return three digits that matter."""
    if value is None:
        return NOTHING
    if value == inf:
        return "∞"
    if value == int(value) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _range(ends: tuple[float, float], *, whole: bool = False) -> str:
    low, high = ends
    if whole:
        return f"[dim]\\[{_count(low)}, {_count(high)}][/]"
    return f"[dim]\\[{_short(low)}, {_short(high)}][/]"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _count(buyers: float) -> str:
    return "never falls" if buyers == inf else f"{buyers:,.0f}"


def show_overheads(overheads: Sequence[dict[str, Any]]) -> None:
    """Print what booking's own machinery costs."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("what", "ours", "bare", "ratio", "from … to"):
        table.add_column(name, header_style="dim", justify="left" if name == "what" else "right")
    for overhead in overheads:
        low, high = overhead["range"]
        table.add_row(
            overhead["what"],
            f"{overhead['ours']:.3g} {overhead['unit']}",
            f"{overhead['bare']:.3g} {overhead['unit']}",
            f"{overhead['ratio']:.1f}",
            f"{low:.1f} … {high:.1f}",
        )
    screen().print(table)
