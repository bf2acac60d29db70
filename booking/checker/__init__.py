"""Check a history: from its events to a verdict, exactly, with names and evidence. Pure.

`check(history)` is all that a sale needs. `decide(columns)` also returns the linearization and the
certificates, from columns that were read without an object for each event.
"""

from booking.checker.columns import Columns
from booking.checker.decision import Decision, check, decide
from booking.checker.naming import Naming

__all__ = ["Columns", "Decision", "Naming", "check", "decide"]
