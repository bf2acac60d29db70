"""A variant of a sale, what is true of it, and the least sale that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# The bounded sales in which a variant is tried: one order a buyer, and one thing more.
SHAPES = ("plain", "quantity", "search", "timeout")
ALL = frozenset(SHAPES)
UNDECIDABLE = "nothing definite"  # in place of an anomaly
# What a sale needs beyond the bound to show the fault; the word that a caveat must have.
NEEDS = {
    "clock": "clock",
    "crash": "crash",
    "buyers": "bound",
    "tickets": "bound",
    "repeats": "bound",
    "search": "search",
    "timeout": "time-out",
    "quantity": "quantit",
}


MORE = {"quantity": ("orders 2 and 1",), "search": ("search",), "timeout": ("time-outs",)}
BEYOND = {
    "clock": "time", "crash": "a death", "buyers": "more buyers", "tickets": "more tickets",
    "repeats": "repeated orders",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to sell. `anomaly` is what it does wrong; None: it is sound.

    `shows` names the shapes of the bounded sale in which some order of effects breaks it, in real
    processes. `sure` means that a sale of real processes at the default delay shows it always.
    """

    name: str
    kind: str  # how it was made: an operator, or a mistake by hand
    store: str
    guard: str
    lock: str | None = None
    anomaly: str | None = None
    shows: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()  # beyond every shape
    buyers: int = 2
    tickets: int = 1
    sure: bool = False
    crash_safe: bool | None = None  # whether its sale goes on when a buyer is killed; None: unasked
    caught_by: str = ""  # the mode that has to convict it, where an exploration cannot
    why: str = ""

    @property
    def sound(self) -> bool:
        """Whether no sale breaks it."""
        return self.anomaly is None

    @property
    def built_in(self) -> bool:
        """Whether the store, the guard and the lock are ours."""
        return ":" not in f"{self.store}{self.guard}{self.lock}"

    @property
    def convicts(self) -> str:
        """The mode that has to convict it: that it is unsound is shown, and not stated alone."""
        if self.sound or self.anomaly == UNDECIDABLE:
            return ""
        shape = next((shape for shape in SHAPES if shape in self.shows), "plain")
        return self.caught_by or ("explore" if shape == "plain" else f"explore-{shape}")

    @property
    def least(self) -> str:
        """The least sale that shows it, in words."""
        if self.sound:
            return "none"
        shape = next((shape for shape in SHAPES if shape in self.shows), "")
        ticket = "ticket" if self.tickets == 1 else "tickets"
        words = [f"{self.buyers} buyers", f"{self.tickets} {ticket}", *MORE.get(shape, ())]
        return ", ".join([*words, *(BEYOND[need] for need in self.needs)])

    @property
    def flags(self) -> dict[str, Any]:
        """The flags of its sale."""
        given = {"store": self.store, "guard": self.guard, "tickets": self.tickets}
        return given if self.lock is None else {**given, "lock": self.lock}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one mode answered about one variant."""

    outcome: str  # valid, invalid, unknown, refused, none, crash, hang
    reason: str = ""
    caveats: tuple[str, ...] = ()
    anomalies: tuple[str, ...] = ()
    expected: str | None = None  # the outcome that it has to agree with, in modes that compare
    seconds: float = field(default=0.0, compare=False)
