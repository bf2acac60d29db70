"""Count the interleavings that a graph of states stands for: exactly, without listing them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

# A task's local state, and the watermark of the counter at which its open operation began.
Position = tuple[int, int]


class Edge(NamedTuple):
    """One step out of a state: which task takes it, where it leads, for how many tasks."""

    before: Position
    after: Position
    target: int
    times: int  # tasks at the same position, any of which may take it


def counts(edges: Sequence[Sequence[Edge]], ends: Mapping[int, bool]) -> dict[int, tuple[int, int]]:
    """Return for each state the number of interleavings from it on, and of violating ones.

    An edge that three tasks may take stands for three. `ends` tells which final states violate.
    """
    ways: dict[int, tuple[int, int]] = {}
    for node in _ends_first(edges):
        if node in ends:
            ways[node] = (1, int(ends[node]))
            continue
        total = violating = 0
        for edge in edges[node]:
            total_after, violating_after = ways[edge.target]
            total += edge.times * total_after
            violating += edge.times * violating_after
        ways[node] = (total, violating)
    return ways


def _ends_first(edges: Sequence[Sequence[Edge]]) -> Iterator[int]:
    """Yield every node after all of its successors; a step is never undone, so no cycle exists."""
    seen = {0}
    stack = [(0, iter(edges[0]))]
    while stack:
        node, rest = stack[-1]
        for edge in rest:
            if edge.target not in seen:
                seen.add(edge.target)
                stack.append((edge.target, iter(edges[edge.target])))
                break
        else:
            stack.pop()
            yield node
