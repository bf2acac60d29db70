"""Words of messages that depend on a number."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 ticket", "1,200 tickets"."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
