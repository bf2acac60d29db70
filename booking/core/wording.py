"""Words of messages that depend on a number."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 ticket", "12 tickets"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
