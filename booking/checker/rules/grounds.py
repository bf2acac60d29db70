"""Count what `valid` rests on: the answers that an order explains. Without one it is unknown.

A history in which every reply was lost agrees with everything, and shows nothing. The sale and
`booking check` ask for answers; an exploration does not, since its other executions have some.
"""

from __future__ import annotations

from collections.abc import Collection

from booking.checker.diagnosis.messages import listed
from booking.checker.reading.columns import Columns
from booking.checker.reading.inventory import Inventory
from booking.checker.rules.intents import purchases_of
from booking.core.verdict import Outcome, Verdict

NOUNS = {
    "sale": "sales",
    "refund": "refunds",
    "search": "searches",
    "sold-out": "sold-outs",
    "count at the end": "counts at the end",
}


def grounded(verdict: Verdict, columns: Columns, *, answers_needed: bool) -> Verdict:
    """Return a `valid` verdict with what it rests on; `unknown` where nothing was answered."""
    if verdict.outcome is not Outcome.VALID:
        return verdict
    answers = _answers([purchases_of(x).once for x in columns.inventories.values()])
    if answers_needed and not any(answers[name] for name in NOUNS if name != "count at the end"):
        return Verdict(Outcome.UNKNOWN, _unanswered(columns))
    counted = [_counted(name, count) for name, count in answers.items() if count]
    rests = f": {listed(counted, most=len(NOUNS))}" if counted else ""
    return Verdict(Outcome.VALID, f"some order explains every answer{rests}", verdict.anomalies)


def _answers(inventories: Collection[Inventory]) -> dict[str, int]:
    """Count what says something about the tickets; a failure for another reason does not."""
    ends = [inventory.remaining is not None for inventory in inventories]
    return {
        "sale": sum(len(inventory.sold.invoked) for inventory in inventories),
        "refund": sum(len(inventory.refunded.invoked) for inventory in inventories),
        "search": sum(len(inventory.searches.invoked) for inventory in inventories),
        "sold-out": sum(len(inventory.sold_outs.invoked) for inventory in inventories),
        "count at the end": sum(ends),
    }


def _counted(name: str, count: int) -> str:
    if name == "count at the end" and count == 1:
        return "the count at the end"
    return f"{count:,} {name if count == 1 else NOUNS[name]}"


def _unanswered(columns: Columns) -> str:
    """Return the reason: how many operations failed, with their errors, or may have happened."""
    outcomes = columns.outcomes
    errors = [error for x in columns.inventories.values() for error in x.refused.error if error]
    named = f" ({listed(dict.fromkeys(errors))})" if errors else ""
    parts = [f"{outcomes['fail']:,} failed{named}"] if outcomes["fail"] else []
    parts += [f"{outcomes['info']:,} of unknown outcome"] if outcomes["info"] else []
    operations = f": {listed(parts)}" if parts else ""
    return f"no operation was answered with a ticket, a count or sold out{operations}"
