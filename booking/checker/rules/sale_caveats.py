"""Why a sale cannot be `valid`, whatever its operations say: evidence is missing, or the test was.

The sale that ran and `check` of the history that it wrote ask the same rules, so that both say the
same. Rules about processes and the fault plan hold for histories whose end has `started`; other
tools' histories state neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from booking.checker.diagnosis.messages import listed
from booking.checker.reading.columns import Columns
from booking.checker.reading.inventory import Inventory
from booking.core.verdict import Outcome, Verdict
from booking.history.model import SaleEnd


def sale_caveats(columns: Columns) -> Iterator[str]:
    """Yield the reasons for which the sale cannot be `valid`, the most telling first."""
    end = columns.end
    if end.outside:
        yield changed_from_outside(end)
    if end.unanswered:
        names = listed(end.unanswered)
        yield f"{names} did not answer when no buyer took a step: that is not the guard's fault"
    if end.started:
        yield from _processes(columns)
    if end.unlogged:
        yield (
            f"the event log of {_listed(end.unlogged)} is missing or cut short, so orders may be "
            "missing here: is a program clearing temporary files? set TMPDIR"
        )
    if end.started:
        yield from _plan(columns)
        yield from _count_at_the_end(columns)


def changed_from_outside(end: SaleEnd) -> str:
    """Return the sentence for an inventory that other programs changed, with the first change."""
    more = f" (and {len(end.outside) - 1} more)" if len(end.outside) > 1 else ""
    return f"the inventory was changed from outside while the sale ran: {end.outside[0]}{more}"


def without_accusation(verdict: Verdict, end: SaleEnd) -> Verdict:
    """Return `unknown` for what a change from outside may have broken as well as the guard."""
    if not end.outside or verdict.outcome is not Outcome.INVALID:
        return verdict
    seen = f"what looks wrong may come from that: {verdict.reason}"
    return Verdict(Outcome.UNKNOWN, f"{changed_from_outside(end)}; {seen}")


def _processes(columns: Columns) -> Iterator[str]:
    """Compare the ends of the processes with the plan: an unplanned death decides nothing."""
    end = columns.end
    if end.silent:
        yield (
            f"no buyer took a step, and {_listed(end.silent)} was ended; give a longer --timeout"
        )
    planned = set(map(str, end.planned))
    crashed = [(who, why) for who, why in end.deaths.items() if str(who) not in planned]
    if crashed:
        who, why = crashed[0]
        more = f" (and {len(crashed) - 1} more)" if len(crashed) > 1 else ""
        yield f"{_named(who)} ended early{more}: {why}"
    if not any(_has_orders(inventory) for inventory in columns.inventories.values()):
        yield "no buyer ordered anything, so nothing was put to the test"
    if end.alive or end.zombies or end.orphans:
        yield "processes of the sale are left which would not end"


def _has_orders(inventory: Inventory) -> bool:
    rows = (inventory.sold, inventory.maybe, inventory.refused, inventory.sold_outs)
    return any(columns.invoked for columns in rows)


def _plan(columns: Columns) -> Iterator[str]:
    """Compare the fault plan with what struck: a fault that never struck shows nothing."""
    faults = columns.sale.get("faults")
    struck = set(map(str, columns.end.struck))
    for number, fault in enumerate(faults if isinstance(faults, list) else []):
        if str(number) not in struck and isinstance(fault, Mapping):
            steps = ", ".join(sorted({step.f for step in columns.steps}))
            what = f"{fault.get('kind')} before {fault.get('before')}"
            yield f"the planned fault never struck ({what}); steps that were taken: {steps}"


def _count_at_the_end(columns: Columns) -> Iterator[str]:
    unread = [one for one in columns.inventories.values() if one.remaining is None]
    if unread:
        yield "the count at the end could not be read: is the store gone?"


def _listed(processes: Sequence[int | str]) -> str:
    return listed(_named(process) for process in processes)


def _named(process: object) -> str:
    """Return what a process is called in a sentence; keys of a JSON object are text."""
    return f"buyer {process}" if str(process).isdigit() else str(process)


__all__ = ["changed_from_outside", "sale_caveats", "without_accusation"]
