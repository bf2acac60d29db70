"""How many interleavings a graph of states stands for: exactly, without listing them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

Entry = tuple[int, int]  # where a buyer stands, the floor at which its open operation began


class Move(NamedTuple):
    """One step out of a state: whose, where to, for how many buyers it is the same."""

    entry: Entry
    after: Entry
    to: int
    times: int


def counts(moves: Sequence[Sequence[Move]], ends: Mapping[int, bool]) -> dict[int, tuple[int, int]]:
    """Give for each state the interleavings from it on, and how many of them are violating.

    A move that is the same for three buyers stands for three, whoever of them makes it.
    """
    ways: dict[int, tuple[int, int]] = {}
    for at in _ends_first(moves):
        if at in ends:
            ways[at] = (1, int(ends[at]))
            continue
        every = bad = 0
        for move in moves[at]:
            here = ways[move.to]
            every += move.times * here[0]
            bad += move.times * here[1]
        ways[at] = (every, bad)
    return ways


def _ends_first(moves: Sequence[Sequence[Move]]) -> Iterator[int]:
    """Give every state after all those that follow it; there is no way back, so no circle."""
    seen = {0}
    stack = [(0, iter(moves[0]))]
    while stack:
        at, rest = stack[-1]
        for move in rest:
            if move.to not in seen:
                seen.add(move.to)
                stack.append((move.to, iter(moves[move.to])))
                break
        else:
            stack.pop()
            yield at
