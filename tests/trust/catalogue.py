"""Every variant of the hunt as data: how it was made, what is true of it, what shows it."""

from __future__ import annotations

from typing import Any

from tests.trust.variant import ALL, UNDECIDABLE, Variant

GUARDS, STORES = "tests.trust.guards", "tests.trust.stores"
LOCKS, DATABASES = "tests.trust.locks", "tests.trust.databases"
CLERKS = "tests.trust.clerks"
SEARCH, QUANTITY, TIMEOUT = (frozenset({shape}) for shape in ("search", "quantity", "timeout"))
NONE: frozenset[str] = frozenset()


def _guard(kind: str, name: str, anomaly: str | None, **more: Any) -> Variant:
    """A guard with a lock around the JSON file."""
    lock = more.pop("lock", "flock")
    shown = name if lock == "flock" else f"{name}-{lock.rpartition(':')[2]}"
    guard = f"{GUARDS}:{name}"
    more.setdefault("shows", NONE if anomaly is None else ALL)
    return Variant(shown, kind, "json", guard, lock, anomaly, **more)


def _store(kind: str, name: str, anomaly: str | None, guard: str = "lock", **more: Any) -> Variant:
    """A store under a guard, by default under a sound lock."""
    more.setdefault("shows", NONE if anomaly is None else ALL)
    lock = "flock" if guard == "lock" else None
    return Variant(name, kind, f"{STORES}:{name}", guard, lock, anomaly, **more)


def _lock(kind: str, name: str, anomaly: str | None, **more: Any) -> Variant:
    """A lock under the sound guard and store."""
    more.setdefault("shows", NONE if anomaly is None else ALL)
    return Variant(name, kind, "json", "lock", f"{LOCKS}:{name}", anomaly, **more)


def _base(kind: str, name: str, anomaly: str | None, guard: str, **more: Any) -> Variant:
    """A database under a guard."""
    more.setdefault("shows", NONE if anomaly is None else ALL - TIMEOUT)
    return Variant(name, kind, f"{DATABASES}:{name}", guard, None, anomaly, **more)


def _use(kind: str, name: str, anomaly: str | None, store: str = "sqlite", **more: Any) -> Variant:
    """A guard over a database."""
    more.setdefault("shows", NONE if anomaly is None else ALL - TIMEOUT)
    return Variant(name, kind, store, f"{DATABASES}:{name}", None, anomaly, **more)


OVERSELL, DOUBLE, LOST = "oversell", "double-sold", "lost-ticket"
PHANTOM, UNDERSELL, HANG = "phantom-sold-out", "undersell", "hang"

PURCHASES = (
    _guard("drop", "DropsLock", DOUBLE),
    _guard("drop", "DropsAcquire", DOUBLE),
    _guard("drop", "DropsRelease", HANG, lock="mutex", sure=True),
    _guard("drop", "DropsWrite", DOUBLE, sure=True),
    _guard("drop", "DropsCheck", OVERSELL, sure=True),
    _guard("drop", "DropsLockAndCheck", DOUBLE, sure=True),
    _guard("swap", "ReleasesBeforeWrite", DOUBLE),
    _guard("swap", "ReadsBeforeAcquire", DOUBLE),
    _guard("swap", "WritesBeforeAcquire", DOUBLE),
    _guard("narrow", "LocksReadAlone", DOUBLE),
    _guard("narrow", "LocksCheckAlone", DOUBLE),
    _guard("narrow", "LocksWriteAlone", DOUBLE),
    _guard("narrow", "LocksCheckAndWrite", DOUBLE),
    _guard("narrow", "LocksReadAndCheck", DOUBLE),
    _guard("narrow", "LocksTwoParts", DOUBLE),
    _guard("check-then-lock", "ChecksThenLocks", DOUBLE),
    _guard("check-then-lock", "ReadsAgainInVain", OVERSELL),
    _guard("repeat", "ReleasesTwice", DOUBLE, lock=f"{LOCKS}:FreedByAny", buyers=3, tickets=3,
           caught_by="explore-reduced", why="the second release frees the lock of the next holder"),
    _guard("repeat", "ReleasesTwice", DOUBLE, lock=f"{LOCKS}:Marker", buyers=3, tickets=3,
           caught_by="explore-reduced",
           why="the second release removes the marker of the next holder"),
    _guard("repeat", "WritesTwice", DOUBLE, tickets=2),
    _guard("repeat", "BuysTwice", LOST, tickets=3, sure=True),
    _guard("repeat", "PutsBack", DOUBLE, sure=True),
    _guard("ignore", "HearsNoAnswer", DOUBLE, shows=TIMEOUT),
    _guard("ignore", "ReleasesUnheld", DOUBLE, shows=TIMEOUT),
    _guard("ignore", "ReleasesUnheld", DOUBLE, lock=f"{LOCKS}:Marker", shows=TIMEOUT),
    _guard("ignore", "SoldOutOnTimeout", PHANTOM, shows=TIMEOUT, tickets=2),
    _guard("change", "LeavesLast", PHANTOM, sure=True),
    _guard("change", "ChecksOne", OVERSELL, shows=QUANTITY, tickets=2),
    _guard("change", "WritesOne", OVERSELL, shows=QUANTITY, tickets=2),
    _guard("clamp", "ClampsWithoutCheck", OVERSELL, sure=True),
    _guard("drop", "WritesWhatItRead", DOUBLE, sure=True),
    _guard("say-yes", "SaysYes", DOUBLE, sure=True),
    _guard("change", "NumbersAllOne", DOUBLE, tickets=2, sure=True),
    _guard("some-buyers", "ThirdUnlocked", DOUBLE, buyers=3, tickets=3, caught_by="large"),
    _guard("narrow", "LocksWhenFew", DOUBLE, tickets=2),
    _guard("by-hand", "SellsSome", OVERSELL, shows=QUANTITY, tickets=2),
    _guard("by-hand", "SellsOneByOne", LOST, shows=QUANTITY, tickets=2),
    _guard("some-buyers", "UnlocksEighth", DOUBLE, shows=NONE, needs=("buyers",), caught_by="large",
           why="the eighth buyer takes no lock"),
    _guard("narrow", "UnlocksWhenMany", DOUBLE, shows=NONE, needs=("tickets",), caught_by="large",
           why="from fifty tickets on there is no lock"),
    _guard("some-buyers", "UnlocksThirdOrder", DOUBLE, shows=NONE, needs=("repeats",),
           caught_by="large", why="a buyer's third order takes no lock"),
    _guard("by-pid", "UnlocksInChild", DOUBLE, caught_by="large",
           why="only the process that made it takes the lock"),
    _guard("ignore", "FailsAfterWrite", LOST, tickets=2),
    _guard("say-no", "SoldOutToSecond", PHANTOM, caught_by="large"),
    _guard("spin", "Spins", HANG, sure=True, caught_by="random"),
)  # fmt: skip

DATABASE_VARIANTS = (
    _base("drop", "TakesUnchecked", OVERSELL, "atomic", sure=True),
    _base("change", "TakesOne", OVERSELL, "atomic", shows=QUANTITY, tickets=2),
    _base("drop", "TakesNothing", DOUBLE, "atomic", sure=True),
    _base("change", "TakeChecksOne", OVERSELL, "atomic", shows=QUANTITY, tickets=2),
    _base("change", "TakeLeavesLast", PHANTOM, "atomic", sure=True),
    _base("clamp", "TakeClamps", OVERSELL, "atomic", sure=True),
    _base("two-effects", "TakesInTwoStatements", DOUBLE, "atomic", caught_by="interrupt",
          why="another buyer's statement may come between the two"),
    _base("two-effects", "SecondConnection", DOUBLE, "atomic", caught_by="interrupt",
          why="another buyer's statement may come between the two"),
    _base("two-effects", "AddsInTwoStatements", DOUBLE, "compensate", tickets=2,
          caught_by="interrupt", why="another buyer's statement may come between the two"),
    _base("two-effects", "ClaimsInTwoStatements", DOUBLE, "pool", caught_by="interrupt",
          why="another buyer's statement may come between the two"),
    _base("drop", "ComparesNothing", DOUBLE, "optimistic"),
    _base("round", "VersionsOfOneBit", DOUBLE, "optimistic", buyers=3, tickets=3),
    _base("drop", "KeepsVersion", DOUBLE, "optimistic"),
    _base("drop", "ConstrainsNothing", OVERSELL, "backstop", sure=True),
    _base("clamp", "ConstraintClamps", OVERSELL, "backstop", sure=True),
    _base("drop", "ClaimsWithoutMark", DOUBLE, "pool", sure=True),
    _base("drop", "ClaimsTaken", DOUBLE, "pool", sure=True),
    _base("change", "SellsOneSeat", DOUBLE, "pool", tickets=2, sure=True),
    _base("by-hand", "ClaimsSome", OVERSELL, "pool", shows=QUANTITY, tickets=2),
    _base("drop", "ShardUnchecked", OVERSELL, "shards", sure=True),
    _base("drop", "ShardTakesNothing", OVERSELL, "shards", sure=True),
    _base("drop", "LocksNoRow", DOUBLE, "row-lock"),
    _base("round", "ReadsRounded", "stale-read", "atomic", tickets=2, shows=SEARCH | QUANTITY,
          why="a search after the first sale finds a ticket more"),
    _base("foreign-name", "ForeignInside", DOUBLE, "none",
          why="a read and a write of the same thing under two names"),
    _base("foreign-name", "ReadsForeignName", DOUBLE, "none"),
    _use("ignore", "HearsNoCompare", DOUBLE),
    _use("old-read", "RetriesOldRead", DOUBLE, tickets=2),
    _use("ignore", "SoldOutOnConflict", PHANTOM, tickets=2),
    _use("narrow", "CommitsEarly", DOUBLE),
    _use("change", "RollsBack", DOUBLE, sure=True),
    _use("drop", "NeverCommits", DOUBLE, why="the end of the process undoes the sale"),
    _use("ignore", "HearsNoConflict", DOUBLE),
    _use("old-read", "ReadsOutside", DOUBLE),
    _use("say-yes", "YesToAll", OVERSELL, sure=True),
    _use("ignore", "TakesThenChecks", DOUBLE),
    _use("narrow", "OneShard", PHANTOM),
    _use("drop", "KeepsTooMuch", "negative-stock", sure=True),
    _use("repeat", "PutsBackAlways", DOUBLE, sure=True),
)  # fmt: skip

STORE_VARIANTS = (
    _store("drop", "DropsLastWrite", DOUBLE, sure=True),
    _store("drop", "DropsWrites", DOUBLE, sure=True),
    _store("round", "RoundsDown", LOST, tickets=3, sure=True),
    _store("round", "RoundsUp", DOUBLE, tickets=2, sure=True),
    _store("clamp", "NeverEmpty", DOUBLE, sure=True),
    _store("round", "ReadsHigh", OVERSELL, sure=True),
    _store("cache", "CachesRead", DOUBLE, shows=SEARCH,
           why="the purchase believes what the search read"),
    _store("clock", "CachesShortly", DOUBLE, shows=SEARCH, needs=("clock",),
           why="the purchase believes what the search read a moment ago"),
    _store("by-pid", "InClass", DOUBLE, sure=True, caught_by="large",
           why="processes share no class"),
    _store("by-pid", "InModule", DOUBLE, sure=True, caught_by="large",
           why="processes share no module"),
    _store("by-pid", "KeyedByPid", DOUBLE, sure=True, why="each process has its own file"),
    _store("torn", "TextInplace", "torn-read", shows=SEARCH, caught_by="interrupt"),
    _store("torn", "JsonErrors", "torn-read", shows=SEARCH, caught_by="interrupt"),
    _store("torn", "TearsUnsaid", "torn-read", shows=SEARCH),
    Variant("json-inplace", "torn", "json-inplace", "lock", "flock", "torn-read", SEARCH),
    _store("two-effects", "HastyInplace", "torn-read", shows=SEARCH, caught_by="interrupt",
           why="a search between emptying and writing, under one step"),
    _store("torn", "TwoDigits", "stale-read", shows=SEARCH, tickets=10,
           why="a search between the two digits"),
    _store("two-effects", "OneOpenFile", DOUBLE, "atomic", caught_by="interrupt",
           why="another buyer may read between the two effects"),
    _store("two-effects", "MappedFile", DOUBLE, "atomic", caught_by="interrupt",
           why="another buyer may read between the two effects"),
    _store("unguarded", "TwoInMemory", DOUBLE, "atomic"),
    _store("silent", "SilentWrite", DOUBLE, "none", caught_by="interrupt"),
    _store("silent", "SilentRead", DOUBLE, "none"),
    _store("foreign-name", "ForeignName", DOUBLE, "none"),
    _store("old-read", "ReadsLaggingCopy", DOUBLE, "none"),
)  # fmt: skip

LOCK_VARIANTS = (
    _lock("say-yes", "SaysYes", DOUBLE),
    _lock("say-yes", "SaysYesElsewhere", DOUBLE),
    _lock("say-no", "SaysNo", UNDERSELL, sure=True, caught_by="probe"),
    _lock("widen", "SharesIt", DOUBLE),
    _lock("own-file", "OwnFile", DOUBLE),
    _lock("by-pid", "PidFile", DOUBLE, caught_by="probe"),
    _lock("by-pid", "ThreadsOnly", DOUBLE, caught_by="probe"),
    _lock("drop", "KeepsMutex", HANG, sure=True, caught_by="large"),
    _lock("repeat", "ReleasesFirst", DOUBLE),
    _lock("timeout", "BreaksIn", DOUBLE, shows=TIMEOUT, caught_by="probe",
          why="breaks in when its wait is over"),
    _lock("some-buyers", "SecondOrderOpen", DOUBLE, shows=NONE, needs=("repeats",),
          caught_by="large", why="a buyer's second order takes no lock"),
    _lock("old-inode", "OldInode", DOUBLE, buyers=3, tickets=3, caught_by="probe",
          why="a waiter gets a lock on a file that is gone"),
    _lock("two-effects", "ChecksThenMakes", DOUBLE, caught_by="probe",
          why="two buyers see no marker, and both make it"),
    _lock("waiters", "WaitersTogether", DOUBLE, buyers=3, tickets=3, caught_by="probe",
          why="two waiters enter together, and a third makes the marker"),
    _lock("clock", "RunsOut", DOUBLE, shows=NONE, needs=("clock",), caught_by="slow",
          why="the marker counts for 5 ms"),
    _lock("crash", "ClaimsCrashSafe", "stale-lock", shows=NONE, needs=("crash",), caught_by="kill",
          crash_safe=False, why="the marker of a dead holder stays"),
)  # fmt: skip

CLERK_VARIANTS = (
    Variant("HastyClerk", "answer-early", "json", f"{CLERKS}:HastyClerk", None, DOUBLE,
            SEARCH | QUANTITY, needs=("crash",), crash_safe=False,
            why="it dies between the answer and the write"),
    Variant("ForgetfulClerk", "drop", "json", f"{CLERKS}:ForgetfulClerk", None, HANG,
            ALL - TIMEOUT),
    Variant("YesClerk", "say-yes", "json", f"{CLERKS}:YesClerk", None, DOUBLE, ALL, sure=True),
    Variant("BatchClerk", "repeat", "json", f"{CLERKS}:BatchClerk", None, DOUBLE, ALL, tickets=2),
)  # fmt: skip

# Nothing is definite: no mode may call it valid, and none can convict it.
UNJUDGED = (
    _guard("by-hand", "AnswersInfo", UNDECIDABLE, shows=ALL, tickets=2),
    _use("by-hand", "AnswersNothing", UNDECIDABLE, shows=ALL, tickets=2),
)

SOUND = (
    _guard("sound", "Locked", None, crash_safe=True),
    _guard("sound", "Locked", None, lock="filelock"),
    _guard("sound", "Locked", None, lock="mutex", tickets=2, crash_safe=False),
    _guard("sound", "Locked", None, lock="soft", crash_safe=False,
           why="a death between making the marker and filling it leaves an empty one"),
    _guard("sound", "ReleasesTwice", None, buyers=3, tickets=3,
           why="flock belongs to an open file: a second release frees nothing"),
    _guard("sound", "ReleasesTwice", None, lock="mutex", buyers=3, tickets=3,
           why="it knows its holder: a second release frees nothing"),
    _guard("sound", "Nameless", None, tickets=2),
    _guard("sound", "TextTicket", None, tickets=2),
    _guard("sound", "CountsAfter", None, tickets=2),
    _base("sound", "ComparesCount", None, "optimistic", buyers=3, tickets=2,
          why="counts only fall, so an equal count is the same count"),
    _store("sound", "TextStore", None, tickets=2),
    _store("sound", "LaggingCopy", None, tickets=2,
           why="the copy is written under the lock, and read by none"),
    _store("sound", "CountsReads", None, tickets=2, why="memory; its snapshot shows a counter"),
    _store("sound", "FillsCache", None, tickets=2),
    Variant("ForeignName-locked", "sound", f"{STORES}:ForeignName", "lock", "flock"),
    Variant("ReadsForeignName-locked", "sound", f"{DATABASES}:ReadsForeignName", "lock", "flock"),
    _lock("sound", "Marker", None, crash_safe=False),
    _lock("sound", "RechecksInode", None, buyers=3, tickets=3),
    _lock("sound", "ByProcess", None, why="lockf; explored buyers share a process"),
    _lock("sound", "GivesUp", None, tickets=2, caught_by="probe",
          why="a time-out is an answer; but it waits less than it is told"),
    Variant("sqlite-atomic", "sound", "sqlite", "atomic", None, buyers=3, tickets=2,
            crash_safe=True),
    Variant("sqlite-row-lock", "sound", "sqlite", "row-lock", None),
    Variant("sqlite-optimistic", "sound", "sqlite", "optimistic", None, tickets=2),
    _use("sound", "TextSeat", None, tickets=2),
    Variant("PlainClerk", "sound", "json", f"{CLERKS}:PlainClerk", None),
    Variant("clerk", "sound", "json", "clerk", None, crash_safe=True),
    Variant("clerk-3", "sound", "json", "clerk", None, buyers=3, tickets=2),
)  # fmt: skip

VARIANTS = {
    variant.name: variant
    for variant in (
        *PURCHASES, *DATABASE_VARIANTS, *STORE_VARIANTS, *LOCK_VARIANTS, *CLERK_VARIANTS,
        *UNJUDGED,
    )
}  # fmt: skip
VARIANTS.update({variant.name: variant for variant in SOUND})
