"""Put a scaling law in words: where throughput peaks, what is serial, what a forecast is worth."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from booking.bench.comparison import rounded
from booking.bench.scalability_law import DRAWS, FORECAST_BUYERS, POINTS_MIN, Fit, ScalabilityLaw

SMALL_SHARE = 0.005
ERROR_MAX = 0.2  # a law that misses by more describes little


def law_lines(label: str, fit: Fit | None) -> list[str]:
    """Return a scaling law in sentences; the ranges are the middle 90 % of the bootstrap."""
    if fit is None:
        return [f"{label}: no law; give at least {POINTS_MIN} numbers of buyers"]
    forecasts = ", ".join(_forecast(fit, buyers) for buyers in FORECAST_BUYERS)
    lines = [f"{label}: {_peak(fit)}; {_serial(fit)}", f"forecast: {forecasts}"]
    how = "fits badly: it" if fit.error > ERROR_MAX else "fits: it"
    return [*lines, f"the law {how} misses what was measured by up to {fit.error:.0%}"]


def basis(fits: Iterable[Fit | None]) -> str:
    """Return what the laws rest on; nothing where there is none."""
    known = [fit for fit in fits if fit is not None]
    if not known:
        return ""
    counts = ", ".join(map(str, sorted({count for fit in known for count in fit.buyers})))
    rounds = max(fit.rounds for fit in known)
    drawn = f"In brackets is the middle 90 % of {DRAWS} bootstrap draws of the rounds."
    drawn = drawn if rounds > 1 else "A single round says nothing about how far it is off."
    return (
        f"Fitted to {counts} buyers in {rounds} round{'s' * (rounds > 1)}. {drawn} "
        "A forecast is the law drawn further than anything was measured."
    )


def _peak(fit: Fit) -> str:
    law, most = fit.law, fit.most_buyers
    peak = law.peak_buyers
    between = _between(*(_buyers(end) for end in fit.peak_range))
    if _is_flat(law, most):
        return "sells the same with any number of buyers"
    if peak == inf:
        return f"rises up to {most} buyers, the most measured; the law has no peak{between}"
    if round(peak) <= 1:
        return f"sells most with 1 buyer{between}, and falls from there: retrograde"
    if peak <= most:
        return f"peaks at about {peak:,.0f} buyers{between}, and falls after: retrograde"
    further = f"the law puts a peak at about {peak:,.0f}{between}"
    return f"rises up to {most} buyers, the most measured; {further}, a forecast"


def _is_flat(law: ScalabilityLaw, most: int) -> bool:
    return abs(law.at(most) / law.at(1) - 1) < SMALL_SHARE and law.kappa == 0


def _serial(fit: Fit) -> str:
    sigma, between = fit.law.sigma, _between(*(f"{end:.0%}" for end in fit.sigma_range))
    if sigma >= 1:
        return f"two buyers sell no more than one (σ {sigma:.2g})"
    if sigma < SMALL_SHARE:
        return "hardly any of the work waits for other buyers"
    return f"{sigma:.0%} of the work is for one buyer at a time{between}"


def _forecast(fit: Fit, buyers: int) -> str:
    between = _between(*(rounded(end) for end in fit.forecast_ranges[buyers]))
    return f"{rounded(fit.law.at(buyers))} sales/s with {buyers:,} buyers{between}"


def _between(low: str, high: str) -> str:
    return "" if low == high else f" ({low} to {high})"


def _buyers(count: float) -> str:
    return "no peak" if count == inf else f"{count:,.0f}"
