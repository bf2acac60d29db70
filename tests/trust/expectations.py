"""Which verdicts a mode may give about a variant: the rules, the same for every variant.

* Sound: never `invalid`. Unsound within the bounded sale: never `valid`.
* Unsound beyond the bounded sale: an exploration may say `valid` only with a caveat that names
  what was left out, and never `invalid`, because no order of that sale is wrong.
* No mode crashes, hangs, or disagrees with the mode that it repeats.
"""

from __future__ import annotations

from tests.trust.modes import EXPLORE, SCHEDULES
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
REFUSING = frozenset({*EXPLORE, *SCHEDULES, "simulate", "check", "replay", "assert_sound"})
# What depends on processes that race, on the clock, or on how busy the machine is.
BY_LUCK = frozenset(
    {"two-effects", "by-pid", "clock", "old-inode", "waiters", "crash", "foreign-name", "spin"}
)


def applies(variant: Variant, mode: str) -> bool:
    """Return whether a mode has anything to say about a variant."""
    if mode == "explore-timeout":
        return variant.lock is not None or "Clerk" in variant.guard or variant.guard == "clerk"
    if mode == "matrix":
        return variant.name in MATRIX
    return mode != "kill" or variant.crash_safe is not None


def problem(variant: Variant, mode: str, seen: Seen) -> str | None:
    """Return what is wrong with an answer, None where it is allowed."""
    what = seen.outcome
    if what in {"crash", "hang"} or (what == "refused" and mode not in REFUSING):
        return f"{what}: {seen.reason}"
    if seen.expected is not None and what not in {seen.expected, "refused"}:
        return f"{what} instead of {seen.expected}: {seen.reason}"
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
        return f"valid without a caveat: {', '.join(sorted(left_out(variant)))}"
    return None


def allowed(variant: Variant, mode: str) -> frozenset[str]:
    """Return the verdicts that are true, or that claim nothing."""
    if mode == "kill":
        return frozenset({"valid" if variant.crash_safe else "invalid"})
    if variant.sound:
        return frozenset({"valid", "unknown"})
    if variant.anomaly == UNDECIDABLE:
        return frozenset({"unknown"})
    if mode == "simulate":  # a sale in which nothing went wrong is valid, whatever could have
        more = () if variant.sure else ("valid",)
        return frozenset({"invalid", "unknown", *more})
    if broken_in(variant, mode):
        return frozenset({"invalid", "unknown"})
    more = ("invalid",) if "clock" in variant.needs else ()
    return frozenset({"valid", "unknown", *more})


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


def left_out(variant: Variant) -> frozenset[str]:
    """Return the words of which a caveat must have one: what would have shown the fault."""
    return frozenset(NEEDS[need] for need in variant.needs or variant.shows - {"plain"})


def _names_what_is_left_out(variant: Variant, mode: str, seen: Seen) -> bool:
    if mode not in EXPLORE or variant.sound or broken_in(variant, mode):
        return True
    words = left_out(variant)
    return any(word in caveat.lower() for word in words for caveat in seen.caveats)
