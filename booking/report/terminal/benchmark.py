"""Show a benchmark on the terminal: a table for each number of buyers, floors, scaling laws."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from rich.text import Text

from booking.bench.aggregate import Row
from booking.bench.comparison import Failed, groups, sentences, winners
from booking.bench.law_words import basis, law_lines
from booking.bench.scalability_law import Fit
from booking.bench.thresholds import Check
from booking.core.printable import printable
from booking.core.wording import counted
from booking.report.terminal.console import console
from booking.report.terminal.layout import (
    Command,
    Line,
    show_paragraph,
    show_parts,
    table,
)
from booking.report.terminal.wrapping import cells, padded

Table = list[tuple[str, str, dict[str, str], str]]  # label, bar, cells by column, style

BAR_CELLS = 12
GAP = 2
EIGHTHS = " ▏▎▍▌▋▊▉"
NOTHING = "–"
COLUMNS = (
    "sales/s", "±", "×bare", "×none", "p50 ms", "p99 ms", "max ms", "all done", "Jain", "no sale",
    "CPU µs", "lost", "failed", "retried", "kill-safe",
)  # fmt: skip
NARROW = ("sales/s", "×bare", "p99 ms", "lost")  # what one chooses by; --wide shows all


def show_comparison(rows: Sequence[Row], failed: Failed = ()) -> None:
    """Print a sentence for each number of buyers: which variant is fastest and lost nothing."""
    for sentence in sentences(rows, failed):
        show_paragraph(sentence, style="bold")


def show_rows(rows: Sequence[Row], failed: Failed = (), *, wide: bool = False) -> None:
    """Print a table for each number of buyers; the fastest sound variant stands out.

    With `wide` a table has all columns, in as many parts as the terminal needs.
    """
    stores = len({row.variant.store for row in rows})
    for buyers, group in groups(rows).items():
        console().print(f"\n[bold]{counted(buyers, 'buyer')}[/]")
        show_table(_table(group, stores, failed), COLUMNS if wide else NARROW)


def _table(group: Sequence[Row], stores: int, failed: Failed) -> Table:
    """Return the rows of one number of buyers: label, bar, the cells by column, and the style."""
    best = winners(group, failed)
    most = max(_value(row, "sales_per_s") for row in group)
    return [
        (
            f"{printable(row.variant.title(stores))}{' ◀' if row in best else ''}",
            bar(_value(row, "sales_per_s") / most if most else 0),
            dict(zip(COLUMNS, _cells(row), strict=True)),
            "bold green" if row in best else "" if row.sound else "red",
        )
        for row in group
    ]


def show_table(rows: Table, names: Sequence[str]) -> None:
    """Print the columns of these names, in parts that fit the terminal.

    A label that leaves no room for what one chooses by stands above its figures.
    """
    widths = {
        name: max(len(name), *(cells(figures[name]) for _, _, figures, _ in rows)) for name in names
    }
    label_width = max(cells(label) for label, *_ in rows)
    needed = sum(GAP + widths[name] for name in NARROW)
    above = label_width + 1 + BAR_CELLS + needed > console().width
    label_width = 1 if above else label_width
    for part in _parts(widths, console().width - label_width - 1 - BAR_CELLS):
        console().print(_line("", "", {name: name for name in part}, widths, label_width, "dim"))
        for label, length, figures, style in rows:
            shown = {name: figures[name] for name in part}
            if above:
                show_paragraph(label, style=style)
            beside = "" if above else label
            console().print(_line(beside, length, shown, widths, label_width, style))


def _parts(widths: dict[str, int], room: int) -> list[list[str]]:
    """Part columns so that each part is no wider than the room."""
    parts: list[list[str]] = [[]]
    used = 0
    for name, width in widths.items():
        if parts[-1] and used + GAP + width > room:
            parts.append([])
            used = 0
        parts[-1].append(name)
        used += GAP + width
    return parts


def _line(
    label: str,
    length: str,
    shown: dict[str, str],
    widths: dict[str, int],
    label_width: int,
    style: str,
) -> Text:
    figures = "".join(
        f"{' ' * (GAP + widths[name] - cells(text))}{text}" for name, text in shown.items()
    )
    text = f"{padded(label, label_width)} {padded(length, BAR_CELLS)}{figures}"
    return Text(text.rstrip(), style)


def show_notes(
    floors: dict[str, float],
    doubts: Sequence[str] = (),
    left_out: Sequence[str] = (),
    *,
    no_compiler: bool = False,
) -> None:
    """Print the floors, why figures cannot be trusted, and what was left out."""
    texts = {name: f"{per_s:,.0f} sales/s alone, without a lock" for name, per_s in floors.items()}
    parts = [Line(name, text) for name, text in texts.items()]
    if no_compiler:
        parts.append(Line("c", "no C compiler was found: `bare` is the limit instead", "yellow"))
    parts += [Line("doubt", text, "yellow") for text in doubts]
    parts += [Line("left out", text, "bold red") for text in left_out]
    show_parts(parts)


def show_fits(fits: dict[str, Fit | None]) -> None:
    """Print the scaling law of each variant in words, with its forecasts and what it rests on."""
    console().print("\n[bold]How it scales[/], by the Universal Scalability Law")
    for label, fit in fits.items():
        first, *others = law_lines(label, fit)
        show_paragraph(first, "• ")
        for line in others:
            show_paragraph(line, "  ", style="dim")
    if text := basis(fits.values()):
        show_paragraph(text, style="dim")


def show_checks(checks: Sequence[Check]) -> None:
    """Tick off each threshold: one line where all its rows meet it, else a line for each miss."""
    ticks: list[tuple[str, bool]] = []
    for threshold in dict.fromkeys(check.threshold for check in checks):
        of_it = [check for check in checks if check.threshold == threshold]
        missed = [check for check in of_it if not check.met]
        ticks += [(check.line, False) for check in missed]
        if not missed:
            closest = min(of_it, key=lambda check: check.margin)
            rows = "" if len(of_it) == 1 else f"all {len(of_it)} rows; closest: "
            ticks.append((f"{threshold.text}: {rows}{closest.what}", True))
    show_ticks(ticks)


def show_ticks(ticks: Sequence[tuple[str, bool]]) -> None:
    """Print lines below an empty one, each with the sign of whether it is met."""
    if ticks:
        console().print()
    for line, met in ticks:
        show_paragraph(line, "✓ " if met else "✗ ", style="green" if met else "bold red")


def show_again(command: str) -> None:
    """Print the command that measures the same again."""
    show_parts([Command("again", command)])


def bar(share: float) -> str:
    """Draw a share of 1 with eighths of a character."""
    eighths = round(max(0.0, min(1.0, share)) * BAR_CELLS * 8)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _cells(row: Row) -> list[str]:
    """Return what stands in each of COLUMNS."""
    values = row.values
    spread = row.spread.get("sales_per_s") if len(row.rounds_per_s) > 1 else None
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
    if value < 0.01:
        return f"{value:.1g}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def show_overheads(overheads: Sequence[dict[str, Any]]) -> None:
    """Print what booking's own machinery costs."""
    head = ("ours", "bare", "ratio", "from … to", "what")
    lines = [
        (
            f"{overhead['ours']:.3g} {overhead['unit']}",
            f"{overhead['bare']:.3g} {overhead['unit']}",
            f"{overhead['ratio']:.1f}",
            "{:.1f} … {:.1f}".format(*overhead["range"]),
            overhead["what"],
        )
        for overhead in overheads
    ]
    for line in table([head, *lines], ["dim"], right=4, indent=""):
        console().print(line)
