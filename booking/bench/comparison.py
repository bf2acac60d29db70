"""Compare the variants of a benchmark in sentences: which is fastest, and what the others cost."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, inf, log10

from booking.bench.aggregate import Row
from booking.core.registry import resolve
from booking.core.traits import guard_traits

TENTHS_BELOW = 10  # a ratio of more needs no tenths
DIGITS = 2  # that are meant in a sentence; the table has more


def groups(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Return the rows of each number of buyers."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.buyers, []).append(row)
    return found


def winner(group: Sequence[Row]) -> Row | None:
    """Return the fastest contended row that lost no sale.

    A guard that is unsound by design never wins: that it lost nothing was luck.
    """
    return max(_able(group), key=_speed, default=None)


def sentences(rows: Sequence[Row]) -> list[str]:
    """Return who won with each number of buyers that compete, and who was faster but lost sales."""
    stores = len({row.variant.store for row in rows})
    found: list[str] = []
    for buyers, group in groups(rows).items():
        if buyers > 1:
            found += _sentences(group, buyers, stores)
    return found


def _sentences(group: Sequence[Row], buyers: int, stores: int) -> list[str]:
    best = winner(group)
    losers = [row for row in group if not row.sound]
    if best is None:
        return [_no_winner(group, losers, buyers, stores)]
    found = [_won(best, group, buyers, stores)]
    faster = [row for row in losers if _speed(row) > _speed(best)]
    if faster:
        found.append(f"Faster, but no choice: {_named_losses(faster, stores)}")
    return found


def _won(best: Row, group: Sequence[Row], buyers: int, stores: int) -> str:
    name, speed = best.variant.title(stores), f"{rounded(_speed(best))} sales/s"
    rivals = sorted((row for row in _able(group) if row is not best), key=_speed, reverse=True)
    if not rivals:
        why = "nothing else was measured" if len(group) == 1 else "no other row can be chosen"
        return f"{name} with {buyers} buyers: {speed}, and lost nothing; {why}"
    second = rivals[0]
    rival = second.variant.title(stores)
    if _within_noise(best, second):
        return (
            f"{name} and {rival} cannot be told apart with {buyers} buyers: "
            f"{rounded(_speed(best))} and {rounded(_speed(second))} sales/s differ no more than "
            "the rounds do, and both lost nothing"
        )
    ratio = _speed(best) / _speed(second) if _speed(second) else inf
    times = f"{_times(ratio)} × {rival}"
    return f"{name} is fastest with {buyers} buyers: {speed}, {times}, and lost nothing"


def _no_winner(group: Sequence[Row], losers: Sequence[Row], buyers: int, stores: int) -> str:
    if losers:
        return f"No choice with {buyers} buyers: {_named_losses(losers, stores)}"
    if any(row.contended for row in group):
        return f"No choice with {buyers} buyers: what was measured is unsound by design"
    return f"No comparison with {buyers} buyers: they hardly ever met"


def _named_losses(losers: Sequence[Row], stores: int) -> str:
    """Return what each lost, the fastest first."""
    ordered = sorted(losers, key=_speed, reverse=True)
    return ", ".join(
        f"{row.variant.title(stores)} lost {_sales(row.values['lost_sales'] or 0)}"
        for row in ordered
    )


def _able(group: Sequence[Row]) -> list[Row]:
    return [
        row for row in group if row.sound and row.contended and _sound_by_design(row.variant.guard)
    ]


def _sound_by_design(guard: str) -> bool:
    return guard_traits(resolve("guard", guard)).sound is not False


def _within_noise(best: Row, second: Row) -> bool:
    """Return whether the ranges of two rows over their rounds overlap; one round has none."""
    low = _speed(best) * (1 - best.spread.get("sales_per_s", 0.0))
    high = _speed(second) * (1 + second.spread.get("sales_per_s", 0.0))
    return low <= high


def _speed(row: Row) -> float:
    return row.values["sales_per_s"] or 0.0


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < TENTHS_BELOW else f"{ratio:,.0f}"


def rounded(per_s: float) -> str:
    """Return a rate with the digits that are meant: 73,000 for 72,814."""
    if per_s <= 0:
        return "0"
    digits = DIGITS - 1 - floor(log10(per_s))
    return f"{round(per_s, digits):,.{max(0, digits)}f}"


def _sales(number: float) -> str:
    return f"{number:,.0f} sale{'s' * (number != 1)}"
