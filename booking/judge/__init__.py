"""Decide: from a history to a verdict. Pure: no I/O, no processes."""

from booking.judge.conservation import check

__all__ = ["check"]
