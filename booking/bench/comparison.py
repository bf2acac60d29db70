"""Compare the variants of a benchmark in sentences: which is fastest, and what the others cost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import ceil, floor, log10

from booking.bench.aggregate import Row
from booking.bench.noise import NOISY_SPREAD
from booking.bench.plan import Variant
from booking.core.registry import resolve
from booking.core.traits import guard_traits

TENTHS_BELOW = 10  # a ratio of more needs no tenths
PERCENT_BELOW = 1.2  # a ratio of less says nothing in tenths
DIGITS = 2  # that are meant in a sentence; the table has more
SAME_SHARE = 0.05  # a smaller difference is none, however much the rounds agree
NAMES_MAX = 3

Failed = Collection[Variant]  # those of which a sale could not be measured


def groups(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Return the rows of each number of buyers."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.buyers, []).append(row)
    return found


def winners(group: Sequence[Row], failed: Failed = ()) -> list[Row]:
    """Return the fastest row that can be chosen, and those that cannot be told apart from it.

    A guard that is unsound by design never wins: that it lost nothing was luck.
    """
    able = _able(group, failed)
    return [row for row in able if row is able[0] or _within_noise(able[0], row)]


def sentences(rows: Sequence[Row], failed: Failed = ()) -> list[str]:
    """Return who won with each number of buyers that compete, and why faster ones did not."""
    stores = len({row.variant.store for row in rows})
    return [
        sentence
        for buyers, group in groups(rows).items()
        if buyers > 1
        for sentence in _sentences(group, stores, failed)
    ]


def _sentences(group: Sequence[Row], stores: int, failed: Failed) -> Iterator[str]:
    best = winners(group, failed)
    barred = [row for row in group if row not in _able(group, failed)]
    if not best:
        if any(row.contended for row in group):
            reasons = _reasons(barred, stores, failed)
            yield f"No choice with {group[0].buyers} buyers: {reasons}"
        else:
            yield f"No comparison with {group[0].buyers} buyers: they hardly ever met"
        return
    yield _alike(best, stores) if len(best) > 1 else _won(best[0], group, stores, failed)
    if faster := [row for row in barred if _speed(row) > _speed(best[0])]:
        yield f"Faster, but no choice: {_reasons(faster, stores, failed)}"


def _won(best: Row, group: Sequence[Row], stores: int, failed: Failed) -> str:
    name, speed = best.variant.title(stores), f"{rounded(_speed(best))} sales/s"
    rivals = _able(group, failed)[1:]
    if not rivals:
        why = "nothing else was measured" if len(group) == 1 else "no other row can be chosen"
        lost = f"and lost nothing{_but(best)}"
        return f"{name} with {best.buyers} buyers: {speed}, {lost}; {why}"
    more = f"{_more(_speed(best), _speed(rivals[0]))} {rivals[0].variant.title(stores)}"
    faster = f"{name} is fastest with {best.buyers} buyers: {speed}, {more}"
    return f"{faster}, and lost nothing{_but(best)}"


def _alike(best: Sequence[Row], stores: int) -> str:
    """Return that some rows are equally fast, as far as this run can tell."""
    names = _listed([f"{row.variant.title(stores)}{_but(row)}" for row in best])
    low, high = rounded(min(map(_speed, best))), rounded(_speed(best[0]))
    speeds = f"{low} to {high}" if low != high else f"about {low}"
    noise = "within the noise" if len(best[0].rounds_per_s) > 1 else "too close for a single round"
    return (
        f"{names} cannot be told apart with {best[0].buyers} buyers: {speeds} sales/s, {noise}, "
        "and none lost anything"
    )


def _but(row: Row) -> str:
    """Return what speaks against a row that lost nothing."""
    starved = ceil(row.values["buyers_without_a_sale"] or 0)
    facts = ["not kill-safe"] if row.kill_safe is False else []
    facts += [f"{starved} of {row.buyers} buyers got nothing"] if starved else []
    return f" ({', '.join(facts)})" if facts else ""


def _reasons(barred: Sequence[Row], stores: int, failed: Failed) -> str:
    """Return why rows are no choice, the fastest first."""
    ordered = sorted(barred, key=_speed, reverse=True)
    return ", ".join(f"{row.variant.title(stores)} {_reason(row, failed)}" for row in ordered)


def _reason(row: Row, failed: Failed) -> str:
    if lost := row.values["lost_sales"]:
        return f"lost {lost:,.0f} sale{'s' * (lost != 1)}"
    if row.variant in failed:
        return "could not be measured to the end"
    if not _speed(row):
        return "sold nothing"
    if not _sound_by_design(row.variant.guard):
        return "is unsound by design"
    return "hardly ever met another buyer"


def _able(group: Sequence[Row], failed: Failed) -> list[Row]:
    """Return the rows that can be chosen, the fastest first."""
    able = [
        row
        for row in group
        if row.sound
        and row.contended
        and _speed(row) > 0
        and _sound_by_design(row.variant.guard)
        and row.variant not in failed
    ]
    return sorted(able, key=_speed, reverse=True)


def _sound_by_design(guard: str) -> bool:
    return guard_traits(resolve("guard", guard)).sound is not False


def _within_noise(best: Row, other: Row) -> bool:
    """Return whether the rounds of two rows overlap, or nearly; a single round shows no noise."""
    single = len(best.rounds_per_s) == 1 or len(other.rounds_per_s) == 1
    share = NOISY_SPREAD if single else SAME_SHARE
    return (
        min(best.rounds_per_s) <= max(other.rounds_per_s)
        or _speed(best) <= (1 + share) * _speed(other)
    )  # fmt: skip


def _speed(row: Row) -> float:
    return row.values["sales_per_s"] or 0.0


def _more(speed: float, other: float) -> str:
    """Return how much more a speed is than another one that is no more than it."""
    ratio = speed / other
    if ratio < PERCENT_BELOW:
        return f"{ratio - 1:.0%} more than"
    return f"{ratio:.1f} ×" if ratio < TENTHS_BELOW else f"{ratio:,.0f} ×"


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMES_MAX:
        return f"{', '.join(names[:NAMES_MAX])} and {len(names) - NAMES_MAX} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def rounded(per_s: float) -> str:
    """Return a rate with the digits that are meant: 73,000 for 72,814."""
    if per_s <= 0:
        return "0"
    per_s = float(f"{per_s:.{DIGITS}g}")  # first: 9.96 has a digit less than 10
    digits = DIGITS - 1 - floor(log10(per_s))
    return f"{per_s:,.{max(0, digits)}f}"
