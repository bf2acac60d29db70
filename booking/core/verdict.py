"""Valid, invalid or unknown; and the names for what is wrong.

Never two values: a check that crashes, a control that did not race and a history that cannot
be decided are `unknown`, with the reason. `invalid` beats `unknown` beats `valid`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from booking.history.model import Event


class Outcome(StrEnum):
    """The three values of a verdict."""

    VALID = "valid"
    UNKNOWN = "unknown"
    INVALID = "invalid"


class AnomalyName(StrEnum):
    """Everything that can be wrong with a sale; `not-linearizable` only where no other fits."""

    OVERSELL = "oversell"
    LOST_UPDATE = "lost-update"
    TORN_READ = "torn-read"
    NEGATIVE_STOCK = "negative-stock"
    DOUBLE_SOLD = "double-sold"
    DUPLICATE_PURCHASE = "duplicate-purchase"
    PHANTOM_SOLD_OUT = "phantom-sold-out"
    UNDERSELL = "undersell"
    LOST_TICKET = "lost-ticket"
    STALE_READ = "stale-read"
    STALE_LOCK = "stale-lock"
    UNLOCK_BEFORE_WRITE = "unlock-before-write"
    HANG = "hang"
    STARVATION = "starvation"
    FENCED_OUT_WRITE = "fenced-out-write"
    NOT_LINEARIZABLE = "not-linearizable"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One thing that is wrong: its name, a sentence for people, the fewest events that prove it."""

    name: AnomalyName
    message: str
    evidence: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check decided, and why in one sentence."""

    outcome: Outcome
    reason: str
    anomalies: tuple[Anomaly, ...] = ()


RANK = {Outcome.VALID: 0, Outcome.UNKNOWN: 1, Outcome.INVALID: 2}


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """Join verdicts: the worst outcome with its reason, every anomaly once, in order."""
    joined = list(verdicts)
    worst = max(joined, key=lambda verdict: RANK[verdict.outcome])
    anomalies: list[Anomaly] = []
    for verdict in joined:
        anomalies += [anomaly for anomaly in verdict.anomalies if anomaly not in anomalies]
    return Verdict(worst.outcome, worst.reason, tuple(anomalies))
