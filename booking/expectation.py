"""Hold a sale against what its scenario expects."""

from __future__ import annotations

from booking.errors import ExitCode
from booking.sale import Sale
from booking.scenario import Expect
from booking.verdict import Outcome

EXIT_CODES = {
    Outcome.VALID: ExitCode.AS_EXPECTED,
    Outcome.INVALID: ExitCode.ANOMALY,
    Outcome.UNKNOWN: ExitCode.UNKNOWN,
}


def differences(expect: Expect, sale: Sale) -> list[str]:
    """Give what is not as expected, a line each; nothing when all of it is."""
    end = sale.history.end
    numbers: list[tuple[str, int | None, int | None]] = [
        ("sold", expect.sold, sale.sold),
        ("remaining", expect.remaining, sale.remaining),
        ("info", expect.info, len(sale.completions("info"))),
        ("crashed", expect.crashed, len(end["crashed"])),
        ("hung", expect.hung, len(end["hung"])),
    ]
    found = [
        f"{name}: expected {wanted}, got {got}"
        for name, wanted, got in numbers
        if wanted is not None and wanted != got
    ]
    outcome = sale.verdict.outcome
    if expect.verdict is not None and expect.verdict is not outcome:
        found.append(f"verdict: expected {expect.verdict}, got {outcome}: {sale.verdict.reason}")
    names = {anomaly.name for anomaly in sale.verdict.anomalies}
    found += [
        f"anomalies: expected {name}, got none" for name in expect.anomalies if name not in names
    ]
    return found


def exit_code(sale: Sale, expect: Expect | None) -> ExitCode:
    """Give the exit code: as expected, or what the verdict alone says."""
    if expect is None:
        return EXIT_CODES[sale.verdict.outcome]
    if not differences(expect, sale):
        return ExitCode.AS_EXPECTED
    undecided = sale.verdict.outcome is Outcome.UNKNOWN
    return ExitCode.UNKNOWN if undecided else ExitCode.ANOMALY
