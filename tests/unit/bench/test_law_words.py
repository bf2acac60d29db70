"""A scaling law in words: where it peaks, what is forecast only, and what it rests on."""

from __future__ import annotations

import pytest

from booking.bench.law_words import basis, law_lines
from booking.bench.scalability_law import Fit, ScalabilityLaw, fit_rounds

COUNTS = (1, 2, 4, 8, 16, 32)


def fitted(law: ScalabilityLaw, noise: float = 0.0, rounds: int = 3) -> Fit:
    """Fit rounds of a law, of which each is a little slower than the one before."""
    points = [[(n, law.at(n) * (1 - noise * turn)) for n in COUNTS] for turn in range(rounds)]
    found = fit_rounds(points)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "law, words",
    [
        (ScalabilityLaw(100, 0.19, 0.01), ("peaks at about 9 buyers, and falls after: retrograde; "
         "19% of the work is for one buyer at a time")),
        (ScalabilityLaw(100, 0.2, 0.0001), ("rises up to 32 buyers, the most measured; the law "
         "puts a peak at about 89, a forecast; 20% of the work is for one buyer at a time")),
        (ScalabilityLaw(100, 0.2, 0), ("rises up to 32 buyers, the most measured; the law has no "
         "peak; 20% of the work is for one buyer at a time")),
        (ScalabilityLaw(100, 0, 0), ("rises up to 32 buyers, the most measured; the law has no "
         "peak; hardly any of the work waits for other buyers")),
        (ScalabilityLaw(100, 1.5, 0.1), ("sells most with 1 buyer, and falls from there: "
         "retrograde; two buyers sell no more than one (σ 1.5)")),
        (ScalabilityLaw(100, 0.3, 1), ("sells most with 1 buyer, and falls from there: "
         "retrograde; 30% of the work is for one buyer at a time")),
        (ScalabilityLaw(100, 1, 0), ("sells the same with any number of buyers; two buyers sell no "
         "more than one (σ 1)")),
    ],
)  # fmt: skip
def test_each_kind_of_law_has_its_words(law: ScalabilityLaw, words: str) -> None:
    """Without noise no range is shown, and the law is exact."""
    first, forecast, error = law_lines("clerk", fitted(law))
    assert first == f"clerk: {words}"
    assert forecast.startswith("forecast: ")
    assert error == "the law fits: it misses what was measured by up to 0%"


def test_a_law_that_does_not_fit_says_so() -> None:
    """Throughput that leaps is no such law."""
    found = fit_rounds([[(n, 100.0 if n != 8 else 900.0) for n in COUNTS]])
    assert found is not None
    assert law_lines("clerk", found)[-1].startswith("the law fits badly: it misses what was")


def test_what_a_law_rests_on_is_said() -> None:
    """A single round has no range: nothing says how far the figures are off."""
    law = ScalabilityLaw(100, 0.19, 0.01)
    counts = "1, 2, 4, 8, 16, 32 buyers"
    assert basis([fitted(law), None]).startswith(f"Fitted to {counts} in 3 rounds. In brackets")
    assert basis([fitted(law, rounds=1)]).startswith(f"Fitted to {counts} in 1 round. A single")
    assert basis([None]) == ""
