"""The Universal Scalability Law, fitted to throughput against buyers.

    X(N) = λN / (1 + σ(N−1) + κN(N−1))

λ is the throughput of a single buyer. σ, contention, is the share of the work that only one
process can do at a time. κ, coherency, is what each pair of buyers costs. With κ > 0 throughput
has a peak, at N* = √((1−σ)/κ), and falls behind it. Sources: N. J. Gunther, A General Theory of
Computational Scalability Based on Rational Functions, arXiv:0808.1431; Guerrilla Capacity
Planning, 2007.

N/X is linear in 1/λ, σ/λ and κ/λ, so least squares need no iteration. The normal equations solve
them, weighted so that each throughput counts by its relative error. A negative coefficient has no
meaning, so the best fit without that term replaces it. The uncertainty is the bootstrap's: rounds
drawn again with replacement, and the middle 90 % of their fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, sqrt
from random import Random
from statistics import median, quantiles

POINTS_MIN = 4  # numbers of buyers: three coefficients, and one more to show an error
DRAWS = 200
FORECAST_BUYERS = (1_000, 1_000_000)

Point = tuple[int, float]  # buyers, tickets a second


@dataclass(frozen=True, slots=True)
class ScalabilityLaw:
    """The three coefficients: tickets a second, and two shares without unit."""

    lambda_per_s: float
    sigma: float
    kappa: float

    def at(self, buyers: float) -> float:
        """Return the throughput of so many buyers, in tickets a second."""
        pairs = buyers * (buyers - 1)
        return self.lambda_per_s * buyers / (1 + self.sigma * (buyers - 1) + self.kappa * pairs)

    @property
    def peak_buyers(self) -> float:
        """The number of buyers at which throughput peaks; infinite where it never falls."""
        if self.sigma >= 1:
            return 1.0
        return max(1.0, sqrt((1 - self.sigma) / self.kappa)) if self.kappa > 0 else inf


@dataclass(frozen=True, slots=True)
class Fit:
    """A law, and for each of its figures the lower and upper end of the middle 90 %."""

    law: ScalabilityLaw
    sigma_range: tuple[float, float]
    kappa_range: tuple[float, float]
    peak_range: tuple[float, float]
    forecast_ranges: dict[int, tuple[float, float]]
    buyers: tuple[int, ...]  # the numbers of buyers that it rests on
    rounds: int  # and the most rounds of one of them
    error: float  # the most that it misses a median by, as a share of the median

    @property
    def most_buyers(self) -> int:
        """The most buyers that were measured; beyond them all is forecast."""
        return self.buyers[-1]


def fit(points: Sequence[Point]) -> ScalabilityLaw:
    """Fit the law to measured points; at least three different numbers of buyers."""
    best, best_error = ScalabilityLaw(0.0, 0.0, 0.0), inf
    for terms in _subsets():
        solution = _least_squares(points, terms)
        if solution is None or solution[0] <= 0 or min(solution[1:]) < 0:
            continue
        alpha, beta, gamma = solution
        law = ScalabilityLaw(1 / alpha, beta / alpha, gamma / alpha)
        error = sum((law.at(buyers) / x - 1) ** 2 for buyers, x in points)
        if error < best_error:
            best, best_error = law, error
    return best


def fit_rounds(rounds: Sequence[Sequence[Point]], seed: int = 0) -> Fit | None:
    """Fit the law to rounds of points with its uncertainty; None where the points are too few."""
    points = [(buyers, x) for points in rounds for buyers, x in points if x > 0]
    if len({buyers for buyers, _ in points}) < POINTS_MIN:
        return None
    by_buyers: dict[int, list[Point]] = {}
    for point in points:
        by_buyers.setdefault(point[0], []).append(point)
    law = fit(points)
    medians = {buyers: median(x for _, x in cell) for buyers, cell in by_buyers.items()}
    random = Random(seed)
    drawn = [
        fit([random.choice(cell) for cell in by_buyers.values() for _ in cell])
        for _ in range(DRAWS)
    ]
    return Fit(
        law,
        _middle([law.sigma for law in drawn]),
        _middle([law.kappa for law in drawn]),
        _middle([law.peak_buyers for law in drawn]),
        {buyers: _middle([law.at(buyers) for law in drawn]) for buyers in FORECAST_BUYERS},
        tuple(sorted(by_buyers)),
        max(map(len, by_buyers.values())),
        max(abs(law.at(buyers) / x - 1) for buyers, x in medians.items()),
    )


def _subsets() -> list[tuple[int, ...]]:
    """Return the subsets of terms to fit, the largest first; the first term is in each."""
    return [(0, *some) for size in (2, 1, 0) for some in combinations((1, 2), size)]


def _least_squares(points: Sequence[Point], terms: tuple[int, ...]) -> list[float] | None:
    """Return α, β, γ of N/X = α + β(N−1) + γN(N−1), fitted by some terms; the others are 0."""
    size = len(terms)
    matrix = [[0.0] * (size + 1) for _ in range(size)]
    for buyers, x in points:
        y = buyers / x
        line = [(1.0, buyers - 1.0, buyers * (buyers - 1.0))[term] / y for term in terms]
        for row in range(size):
            for column in range(size):
                matrix[row][column] += line[row] * line[column]
            matrix[row][size] += line[row]
    solved = _solve(matrix)
    if solved is None:
        return None
    full = [0.0, 0.0, 0.0]
    for term, value in zip(terms, solved, strict=True):
        full[term] = value
    return full


def _solve(matrix: list[list[float]]) -> list[float] | None:
    """Return the solution of linear equations, by elimination with pivots; None without one."""
    size = len(matrix)
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(matrix[row][at]))
        if matrix[pivot][at] == 0:
            return None
        matrix[at], matrix[pivot] = matrix[pivot], matrix[at]
        for row in range(size):
            if row != at:
                factor = matrix[row][at] / matrix[at][at]
                matrix[row] = [a - factor * b for a, b in zip(matrix[row], matrix[at], strict=True)]
    return [matrix[at][size] / matrix[at][at] for at in range(size)]


def _middle(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the middle 90 % of the values, infinite ones included."""
    ordered = sorted(values)
    if ordered[-1] == inf:
        return ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
    cuts = quantiles(ordered, n=20, method="inclusive")
    return cuts[0], cuts[-1]
