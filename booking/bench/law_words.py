"""Put a scaling law in words: where throughput peaks, what is serial, what a forecast is worth."""

from __future__ import annotations

from math import inf

from booking.bench.comparison import rounded
from booking.bench.scalability_law import FORECAST_BUYERS, POINTS_MIN, Fit

SMALL_SHARE = 0.005


def law_lines(label: str, fit: Fit | None) -> list[str]:
    """Return a scaling law in sentences; the ranges are the middle 90 % of the bootstrap."""
    if fit is None:
        return [f"{label}: no law; give at least {POINTS_MIN} numbers of buyers"]
    return [f"{label}: {_peak(fit)}; {_serial(fit)}", *(_forecast(fit, n) for n in FORECAST_BUYERS)]


def _peak(fit: Fit) -> str:
    peak = fit.law.peak_buyers
    between = _between(*(_buyers(end) for end in fit.peak_range))
    if peak == inf:
        return f"more buyers never sell less{between}"
    if round(peak) <= 1:
        return f"one buyer alone sells most{between}"
    return f"throughput peaks at about {peak:,.0f} buyers{between}, and falls behind that"


def _serial(fit: Fit) -> str:
    sigma, between = fit.law.sigma, _between(*(f"{end:.0%}" for end in fit.sigma_range))
    if sigma >= 1:
        return f"each buyer costs the others more than it brings (σ {sigma:.2g})"
    if sigma < SMALL_SHARE:
        return "hardly any of the work waits for other buyers"
    return f"{sigma:.0%} of the work is for one buyer at a time{between}"


def _forecast(fit: Fit, buyers: int) -> str:
    between = _between(*(rounded(end) for end in fit.forecast_ranges[buyers]))
    return f"with {buyers:,} buyers {rounded(fit.law.at(buyers))} sales/s{between}"


def _between(low: str, high: str) -> str:
    return "" if low == high else f" ({low} to {high})"


def _buyers(count: float) -> str:
    return "without end" if count == inf else f"{count:,.0f}"
