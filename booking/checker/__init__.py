"""Check a history: from its events to a verdict, exactly, with names and evidence. Pure.

`check(history)` is all that a sale needs. `decide(columns)` also returns the linearization and the
certificates, from columns that were read without an object for each event.

Data goes one way: `reading` → `counter`, `returns` or `search`, and `rules` → `diagnosis`.
"""

from booking.checker.decision import Decision, check, decide
from booking.checker.reading.columns import Columns
from booking.checker.reading.naming import Naming

__all__ = ["Columns", "Decision", "Naming", "check", "decide"]
