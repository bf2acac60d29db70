"""Whether a sale sold anything: one without a ticket sold puts nothing to the test.

The rule holds for sales that ran here, whose end has `started`. A history of another tool may say
of a refused order what it likes.
"""

from __future__ import annotations

from booking.checker.diagnosis.messages import listed
from booking.checker.reading.columns import Columns
from booking.core.verdict import Outcome, Verdict
from booking.core.wording import counted

NOTHING_AT_STAKE = "nothing was at stake"


def with_sales(verdict: Verdict, columns: Columns) -> Verdict:
    """Weaken `valid` where no order was answered with a ticket; say how orders ended instead."""
    inventories = columns.inventories.values()
    if verdict.outcome is not Outcome.VALID or not columns.end.started:
        return verdict
    if any(inventory.sold.invoked for inventory in inventories):
        return verdict
    return Verdict(Outcome.UNKNOWN, f"{NOTHING_AT_STAKE}: {_why(columns)}")


def _why(columns: Columns) -> str:
    inventories = columns.inventories.values()
    if all(inventory.tickets == 0 for inventory in inventories):
        return "there were no tickets; give some with --tickets"
    sold_out = sum(len(inventory.sold_outs.invoked) for inventory in inventories)
    others = [rows for x in inventories for rows in (x.maybe, x.refused)]
    orders = sold_out + sum(len(rows.invoked) for rows in others)
    errors = [error for rows in others for error in rows.error if error]
    errors = list(dict.fromkeys([*errors, *columns.errors_of_unknown]))
    named = f" ({listed(errors)})" if errors else ""
    advice = "; give more tickets or a smaller quantity" if sold_out == orders else ""
    return f"of {counted(orders, 'order')} none was answered with a ticket{named}{advice}"
