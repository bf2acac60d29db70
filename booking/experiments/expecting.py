"""`--expect NAME` of the commands that explore: exit 0 where the outcome is the one named."""

from __future__ import annotations

from collections.abc import Callable, Container

from booking.core.verdict import AnomalyName, Outcome
from booking.errors import ExitCode
from booking.experiments.expectations import EXIT_CODES, named


def expected_code(name: str | None) -> Callable[[Outcome, Container[AnomalyName]], ExitCode]:
    """Give what turns an outcome and its anomalies into an exit code; refuse an unknown name."""
    if name is None:
        return lambda outcome, _found: EXIT_CODES[outcome]
    expected = named(name)

    def code(outcome: Outcome, found: Container[AnomalyName]) -> ExitCode:
        fits = expected.verdict in {None, outcome}
        if fits and all(one in found for one in expected.anomalies):
            return ExitCode.AS_EXPECTED
        return ExitCode.UNKNOWN if outcome is Outcome.UNKNOWN else ExitCode.ANOMALY

    return code
