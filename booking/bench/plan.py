"""The plan of a benchmark: which stores, guards, locks and numbers of buyers, in what order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from booking.core.redaction import redacted
from booking.core.registry import resolve, split_url, table
from booking.core.scenario import BUYERS_MAX
from booking.core.spelling import unknown
from booking.errors import UsageError

DURATION_MIN_S = 0.02
ROUNDS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to sell: a store with a guard, and the guard's lock if it takes one."""

    store: str
    guard: str
    lock: str | None = None

    @property
    def names(self) -> set[str]:
        """The names of its rows in a threshold; the peer's is its store alone, too."""
        short = {self.label, self.guard} | ({self.lock} if self.lock else set())
        peer = {self.store} if self == PEER else set()
        return short | {f"{self.store}/{name}" for name in short} | peer

    def title(self, stores: int) -> str:
        """Its name in a table that compares that many stores."""
        return f"{redacted(self.store)}/{self.label}" if stores > 1 else self.label

    @property
    def label(self) -> str:
        """Its name without the store: `none`, `lock=flock`, `clerk`."""
        return f"{self.guard}={self.lock}" if self.lock else self.guard


PEER = Variant("sqlite", "atomic")  # the usual choice instead of a file: `--peer`


@dataclass(frozen=True, slots=True)
class Plan:
    """A benchmark: the variants, each with each number of buyers, in `rounds` rounds."""

    variants: tuple[Variant, ...]
    buyers: tuple[int, ...]
    rounds: int = 3
    duration_s: float = 0.25
    durable: bool = False

    @property
    def stores(self) -> list[str]:
        """The stores, each once."""
        return list(dict.fromkeys(variant.store for variant in self.variants))


def make_plan(
    stores: Sequence[str],
    guards: Sequence[str],
    locks: Sequence[str],
    buyers: Sequence[int],
    *,
    peer: bool = False,
    rounds: int = 3,
    duration_s: float = 0.25,
    durable: bool = False,
) -> Plan:
    """Return the plan of every combination; raise `UsageError` where nothing can be compared."""
    _known("guard", guards)
    _known("lock", locks)
    _known("store", [split_url(store)[0] for store in stores])
    _countable(buyers, rounds, duration_s)
    variants = [
        Variant(store, guard, lock)
        for store in stores
        for guard in guards
        for lock in (locks if guard == "lock" else [None])
    ]
    if peer:
        variants.append(PEER)
    if not variants:
        raise UsageError("nothing to compare; give --guards, and --locks for guard lock")
    for variant in variants:
        resolve("guard", variant.guard)
    return Plan(
        tuple(dict.fromkeys(variants)), tuple(sorted(set(buyers))), rounds, duration_s, durable
    )


def _known(kind: str, names: Sequence[str]) -> None:
    for name in names:
        if ":" not in name and name not in table(kind):
            raise UsageError(f"--{kind}s: {unknown(kind, name, table(kind))}")


def _countable(buyers: Sequence[int], rounds: int, duration_s: float) -> None:
    if not buyers or max(buyers) < 2:  # noqa: PLR2004 - a single buyer
        raise UsageError("--buyers: a single buyer has no competitor; give 2 or more as well")
    if min(buyers) < 1 or max(buyers) > BUYERS_MAX:
        raise UsageError(f"--buyers: from 1 to {BUYERS_MAX}, not {min(buyers)}..{max(buyers)}")
    if not 1 <= rounds <= ROUNDS_MAX:
        raise UsageError(f"--rounds: from 1 to {ROUNDS_MAX}, not {rounds}")
    if duration_s < DURATION_MIN_S:
        raise UsageError(f"--time: at least {DURATION_MIN_S * 1000:.0f}ms, or nothing is measured")
