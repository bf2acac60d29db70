"""The Universal Scalability Law: known coefficients are found again, with noise and without."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.bench.scalability_law import ScalabilityLaw, fit, fit_rounds

COUNTS = (1, 2, 4, 8, 16, 32, 64)
NOISY = (st.floats(0, 0.5), st.floats(1e-4, 0.01), st.randoms(use_true_random=False))
LAWS = st.builds(
    ScalabilityLaw,
    st.floats(1, 1e6),
    st.floats(0, 1),
    st.one_of(st.just(0.0), st.floats(1e-6, 0.1)),
)


@given(LAWS)
def test_known_coefficients_are_found_again(law: ScalabilityLaw) -> None:
    """From data without noise, to a millionth."""
    found = fit([(count, law.at(count)) for count in COUNTS])
    assert found.lambda_per_s == pytest.approx(law.lambda_per_s, rel=1e-5)
    assert found.sigma == pytest.approx(law.sigma, rel=1e-5, abs=1e-6)
    assert found.kappa == pytest.approx(law.kappa, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("examples", [15, pytest.param(100, marks=pytest.mark.slow)])
def test_noise_stays_within_the_uncertainty_said(examples: int) -> None:
    """With 2 % of noise the coefficients are near, and never negative."""
    settings(max_examples=examples)(given(*NOISY)(noise_stays_within_the_uncertainty_said))()


def noise_stays_within_the_uncertainty_said(sigma: float, kappa: float, random: Any) -> None:
    law = ScalabilityLaw(1000, sigma, kappa)
    rounds = [[(n, law.at(n) * random.uniform(0.98, 1.02)) for n in COUNTS] for _ in range(5)]
    found = fit_rounds(rounds)
    assert found is not None
    assert found.law.sigma == pytest.approx(sigma, abs=0.06)
    assert found.law.kappa == pytest.approx(kappa, abs=max(0.002, 0.3 * kappa))
    assert found.sigma_range[0] <= found.law.sigma + 0.02
    assert found.sigma_range[1] >= found.law.sigma - 0.02
    assert min(found.sigma_range[0], found.kappa_range[0]) >= 0


def test_throughput_peaks_where_the_law_says() -> None:
    """At √((1−σ)/κ): neither one more nor one less sells more."""
    law = ScalabilityLaw(100, 0.19, 0.01)
    assert law.peak_buyers == pytest.approx(sqrt(0.81 / 0.01))
    assert law.at(9) >= max(law.at(8), law.at(10))
    assert ScalabilityLaw(100, 0.5, 0).peak_buyers == inf
    assert ScalabilityLaw(100, 1.2, 0.1).peak_buyers == 1


def test_too_few_numbers_of_buyers_are_not_fitted() -> None:
    """Three coefficients through three points would look perfect, and mean nothing."""
    assert fit_rounds([[(1, 10.0), (2, 15.0), (3, 18.0)]]) is None
