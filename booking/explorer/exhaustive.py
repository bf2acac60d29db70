"""Execute every interleaving from the start, one after another: slow, and simple.

It merges nothing and leaves nothing out, so the other searches are compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from booking.explorer.model import Limits
from booking.explorer.result import Check, Progress
from booking.explorer.search import PathExplorer
from booking.explorer.transition_cache import TransitionCache, UncachedTransitions


@dataclass(slots=True)
class _Branch:
    """A point at which several tasks could go on: the one that did, and those not yet tried."""

    taken: int
    rest: list[int]


class DfsExplorer(PathExplorer):
    """Enumerate interleavings depth first."""

    method = "plain"
    transitions = UncachedTransitions

    def __init__(
        self, cache: TransitionCache, check: Check, limits: Limits, progress: Progress
    ) -> None:
        super().__init__(cache, check, limits, progress)
        self._branches: list[_Branch] = []

    def prefixes(self) -> Iterator[Sequence[int]]:
        """Yield the way to each branch that was not yet tried, the deepest first."""
        yield []
        branches = self._branches
        while branches:
            if not branches[-1].rest:
                branches.pop()
                continue
            branches[-1].taken = branches[-1].rest.pop()
            yield [branch.taken for branch in branches]

    def choose(self, enabled: Sequence[int]) -> int:
        """Return the first enabled task, and keep the others for later executions."""
        self._branches.append(_Branch(enabled[0], list(enabled[1:])))
        return enabled[0]
