"""Decide: from a history to a verdict. Pure: no I/O, no processes."""
