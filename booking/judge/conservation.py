"""What must hold of any sale's counts, whoever bought when."""

from __future__ import annotations

from collections import defaultdict

from booking.contracts import SOLD_OUT
from booking.history import Event, History
from booking.verdict import Anomaly, AnomalyName, Outcome, Verdict


def check(history: History) -> Verdict:
    """Hold what was sold against what there was."""
    sold = [
        o.complete
        for o in history.operations()
        if o.invoke.f == "buy" and o.complete and o.complete.type == "ok"
    ]
    found: list[Anomaly] = []
    tickets, remaining = history.tickets or 0, history.remaining
    count = sum(e.quantity for e in sold)
    if count > tickets:
        found.append(
            Anomaly(
                AnomalyName.OVERSELL,
                f"{count} tickets were sold out of {tickets}",
                tuple(sold[: tickets + 1]),
            )
        )
    holders: dict[int, list[Event]] = defaultdict(list)
    for e in sold:
        for n in range(e.quantity):
            holders[e.value - n].append(e)
    for ticket, events in sorted(holders.items(), reverse=True):
        if len(events) > 1:
            who = ", ".join(str(e.process) for e in events)
            found.append(
                Anomaly(
                    AnomalyName.DOUBLE_SOLD,
                    f"ticket {ticket} was sold to buyers {who}",
                    tuple(events[:2]),
                )
            )
            break
    info = [o.invoke for o in history.operations() if o.outcome == "info" and o.invoke.f == "buy"]
    if remaining is not None and tickets - remaining < count:
        found.append(
            Anomaly(
                AnomalyName.LOST_UPDATE,
                f"{count} sold, yet the count fell by {tickets - remaining} only",
            )
        )
    if remaining is not None and tickets - remaining > count + sum(e.quantity for e in info):
        found.append(
            Anomaly(
                AnomalyName.LOST_TICKET,
                f"the count fell by {tickets - remaining}, yet {count} were sold",
            )
        )
    demand = [
        o.complete
        for o in history.operations()
        if o.invoke.f == "buy" and o.outcome in {"ok", "fail"} and o.complete
    ]
    left = tickets - count
    if remaining and any(
        e.type == "fail" and e.error != SOLD_OUT and e.quantity <= left for e in demand
    ):
        found.append(
            Anomaly(AnomalyName.UNDERSELL, f"{left} tickets are left although there was demand")
        )
    torn = [e for e in history.events if e.error == "torn-read"]
    if torn or remaining is None:
        found.append(
            Anomaly(
                AnomalyName.TORN_READ, "a reader met the inventory half-written", tuple(torn[:1])
            )
        )
    if history.end.get("hung"):
        found.append(
            Anomaly(AnomalyName.HANG, f"buyers {history.end['hung']} waited for what never came")
        )
    if found:
        return Verdict(Outcome.INVALID, found[0].message, tuple(found))
    return Verdict(Outcome.VALID, f"{count} sold, {remaining} left, every ticket once")
