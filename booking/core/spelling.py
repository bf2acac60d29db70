"""Find the nearest right spelling of a wrong name: one function for every message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

CUTOFF = 0.6  # of difflib: `togther` for `together` has 0.9, and two words without a relation 0.3
_SEPARATORS = str.maketrans("_ ", "--")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was most likely meant; None where none is near.

    Capital letters, `_` for `-`, and an unfinished name count as no mistake.
    """
    plain = {_plain(each): each for each in reversed(list(known))}
    wanted = _plain(name)
    if wanted in plain:
        return plain[wanted]
    begun = [each for each in plain if wanted and each.startswith(wanted)]
    if len(begun) == 1:
        return plain[begun[0]]
    close = alike(wanted, plain, CUTOFF)
    return None if close is None else plain[close]


def alike(name: str, known: Iterable[str], cutoff: float) -> str | None:
    """Return the known name that is most alike, letter by letter; None where none is enough."""
    close = get_close_matches(name, list(known), 1, cutoff)
    return close[0] if close else None


def _plain(name: str) -> str:
    return name.strip().lower().translate(_SEPARATORS)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the question whether another name was meant, with a space behind; or nothing."""
    close = nearest(name, known)
    return f"did you mean {close}? " if close is not None else ""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message that a name is unknown, with the nearest known one and all of them."""
    names: Sequence[str] = list(known)
    return f'unknown {kind} "{name}"; {did_you_mean(name, names)}known: {", ".join(names)}'
