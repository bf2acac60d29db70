"""Quote of a purchase that was attempted several times the attempts that were told its ticket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from booking.history.model import Event

if TYPE_CHECKING:
    from booking.checker.decision import Decision
    from booking.checker.rules.intents import Purchases


def with_answers(decision: Decision, purchases: Purchases) -> Decision:
    """Show of each purchase that is quoted the attempt that was told its ticket.

    An operation has the index of the first attempt, which may have been told none.
    """
    sold = purchases.source.sold
    answers: dict[int, list[Event]] = {}
    for purchase in purchases.retried:
        done = {sold.done[row] for row in purchase.kept}
        answers[purchase.began[1]] = [
            event
            for x in purchase.attempts
            if x.complete is not None and x.complete.index in done
            for event in (x.invoke, x.complete)
        ]
    anomalies = tuple(
        replace(one, evidence=(*one.evidence, *_answers_to(one.evidence, answers)))
        for one in decision.verdict.anomalies
    )
    return replace(decision, verdict=replace(decision.verdict, anomalies=anomalies))


def _answers_to(evidence: Iterable[Event], answers: dict[int, list[Event]]) -> Iterator[Event]:
    return (event for quoted in evidence for event in answers.get(quoted.index, ()))
