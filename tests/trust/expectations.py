"""Which verdicts a mode may give about a variant: the rules, the same for every variant.

* Sound: never `invalid`. Unsound within the bounded sale: never `valid`.
* Unsound beyond the bounded sale: an exploration may say `valid` only with a caveat that names
  what was left out, and never `invalid`, because no order of that sale is wrong.
* A sale of real processes may be `valid` by luck: its caveat says that it took one order of steps.
* The mode that has to convict a variant does, so that each one is shown to be unsound.
* No mode crashes, hangs, or disagrees with the mode that it repeats.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.trust.modes import EXPLORE, SALES, SCHEDULES
from tests.trust.variant import NEEDS, UNDECIDABLE, Seen, Variant

# The columns that the matrix fills: one variant a kind, and a guard that needs a lock.
MATRIX = (
    "DropsLock", "TakesUnchecked", "TakesOne", "TakeClamps", "TakesInTwoStatements",
    "ClaimsInTwoStatements", "VersionsOfOneBit", "RetriesOldRead", "HearsNoConflict",
    "SoldOutOnConflict", "CommitsEarly", "YesToAll", "OneShard", "PutsBackAlways", "SellsOneSeat",
    "ReadsForeignName", "InClass", "CachesRead", "json-inplace", "RoundsDown", "YesClerk",
    "Locked", "ComparesCount", "sqlite-atomic", "TextSeat", "AnswersNothing", "ForeignInside",
    "AddsInTwoStatements", "HearsNoCompare",
)  # fmt: skip
# The sound variants of modes that are there to convict: they accuse none.
CONTROLS = {
    "large": ("Locked", "Marker", "RechecksInode", "ByProcess", "sqlite-atomic", "Nameless"),
    "interrupt": ("Locked", "Marker", "TextStore", "sqlite-atomic", "sqlite-optimistic"),
}
REFUSING = frozenset({*EXPLORE, *SCHEDULES, "simulate", "check", "replay", "assert_sound", "slow"})
SOLD = re.compile(r"\d sales?\b")
# What depends on processes that race, on the clock, or on how busy the machine is.
BY_LUCK = frozenset(
    {"two-effects", "by-pid", "clock", "old-inode", "waiters", "crash", "foreign-name", "spin"}
)


def applies(variant: Variant, mode: str) -> bool:
    """Return whether a mode has anything to say about a variant."""
    if mode in CONTROLS:
        return mode == variant.convicts or variant.name in CONTROLS[mode]
    return mode not in _APPLIES or _APPLIES[mode](variant)


def _by_time(variant: Variant) -> bool:
    """Return whether the sale in which buyers wait in vain says something."""
    late = variant.shows == frozenset({"timeout"}) or variant.convicts == "slow"
    return variant.lock is not None and (variant.sound or late)


_APPLIES: dict[str, Callable[[Variant], bool]] = {
    "explore-timeout": lambda x: x.lock is not None or "clerk" in x.guard.lower(),
    "matrix": lambda x: x.name in MATRIX,
    # Only what an exploration accuses can be replayed; of the sound ones that is one.
    "replay": lambda x: bool(x.shows - {"timeout"}) or x.name == "ByProcess",
    "slow": _by_time,
    "probe": lambda x: x.guard == "lock" and ":" in str(x.lock),
    "kill": lambda x: x.crash_safe is not None,
}


def problem(variant: Variant, mode: str, seen: Seen) -> str | None:
    """Return what is wrong with an answer, None where it is allowed."""
    what = seen.outcome
    if what in {"crash", "hang"} or (what == "refused" and mode not in REFUSING):
        return f"{what}: {seen.reason}"
    if seen.expected is not None and what not in {seen.expected, "refused"}:
        return f"{what} instead of {seen.expected}: {seen.reason}"
    if mode == "check" and variant.anomaly == UNDECIDABLE and SOLD.search(seen.reason):
        return f"{what} about sales that were never answered: {seen.reason}"
    if mode == variant.convicts and what != "invalid":
        return f"not caught, {what}: {seen.reason}"
    if what in {"refused", "none"} or mode in {"check", "replay"}:
        return None
    return _false(variant, mode, seen)


def _false(variant: Variant, mode: str, seen: Seen) -> str | None:
    """Return what is wrong with a verdict, None where it is true or claims nothing."""
    if seen.outcome not in allowed(variant, mode):
        return f"{seen.outcome}: {seen.reason}"
    if variant.sound and variant.built_in and "not deterministic" in seen.reason:
        return f"doubts our own code: {seen.reason}"
    if seen.outcome == "valid" and not _names_what_is_left_out(variant, mode, seen):
        return f"valid without a caveat: {', '.join(sorted(left_out(variant, mode)))}"
    return None


def allowed(variant: Variant, mode: str) -> frozenset[str]:
    """Return the verdicts that are true, or that claim nothing."""
    if mode in {"kill", "probe"}:  # which decide each time
        good = variant.crash_safe if mode == "kill" else variant.sound and variant.caught_by != mode
        return frozenset({"valid" if good else "invalid"})
    if variant.anomaly == UNDECIDABLE:
        return frozenset({"unknown"})
    if variant.sound:
        return frozenset({"valid", "unknown"})
    return frozenset({"unknown"}) | _of_unsound(variant, mode)


def _of_unsound(variant: Variant, mode: str) -> set[str]:
    """Return the verdicts beside `unknown`; that a mode has to convict is looked at before."""
    if mode in {*CONTROLS, "slow"}:
        return {"invalid", "valid"}
    if mode == "simulate":  # a sale in which nothing went wrong is valid, whatever could have
        return {"invalid"} if variant.sure else {"invalid", "valid"}
    if broken_in(variant, mode):
        return {"invalid"}
    return {"valid", "invalid"} if "clock" in variant.needs else {"valid"}


def broken_in(variant: Variant, mode: str) -> bool:
    """Return whether some order of effects breaks the bounded sale of a mode."""
    if mode == "matrix":
        return bool(variant.shows)
    shape = EXPLORE[mode][1] if mode in EXPLORE else "plain"
    return shape in variant.shows


def by_luck(variant: Variant, mode: str) -> bool:
    """Return whether chance decides: a sale of real processes may catch what a search missed."""
    confirmed = mode in EXPLORE and not variant.sound and broken_in(variant, mode)
    return variant.kind in BY_LUCK or (confirmed and not variant.built_in)


def left_out(variant: Variant, mode: str) -> frozenset[str]:
    """Return the words of which a caveat must have one: what would have shown the fault."""
    if SALES.get(mode, set()) & variant.shows:
        return frozenset({"one order of steps"})
    return frozenset(NEEDS[need] for need in variant.needs or variant.shows - {"plain"})


def _names_what_is_left_out(variant: Variant, mode: str, seen: Seen) -> bool:
    if variant.sound or mode not in {*EXPLORE, *SALES}:
        return True
    words = left_out(variant, mode)
    return any(word in caveat.lower() for word in words for caveat in seen.caveats)
