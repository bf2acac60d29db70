"""The judge: from a history to a verdict, exactly, with names and evidence. Pure.

`check(history)` is all that a sale needs; `decide(ledger)` also gives the witness order and the
certificates, from columns that were read without an object for each event.
"""

from booking.checker.check import Decision, check, decide
from booking.checker.columns import Ledger, Naming

__all__ = ["Decision", "Ledger", "Naming", "check", "decide"]
