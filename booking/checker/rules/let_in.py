"""What the harness saw of a lock: it let a buyer in while another one held it.

A sale under a schedule asks the real lock, and writes such a finding into its history. Without
harm it is no anomaly of the sale, and no proof of the lock either.
"""

from __future__ import annotations

from dataclasses import replace

from booking.checker.reading.columns import Columns
from booking.core.verdict import Outcome, Verdict


def against_lock(verdict: Verdict, columns: Columns) -> Verdict:
    """Weaken `valid` where a lock let a buyer in; name it beside any other reason."""
    found = columns.end.let_in
    if not found:
        return verdict
    more = f" (and {len(found) - 1} times more)" if len(found) > 1 else ""
    evidence = f"{found[0]}{more}"
    if verdict.outcome is Outcome.INVALID:
        return replace(verdict, reason=f"{verdict.reason}; {evidence}")
    return replace(verdict, outcome=Outcome.UNKNOWN, reason=f"{evidence}; {verdict.reason}")
