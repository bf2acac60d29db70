"""False verdicts that are known and not mended yet: by mode, the names of variants.

This list shall become empty. `python -m tests.trust.table --known` writes it anew.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "explore": """
        AddsInTwoStatements AnswersInfo AnswersNothing ByProcess CachesRead CachesShortly
        ChecksOne ChecksThenMakes ClaimsCrashSafe ClaimsInTwoStatements ClaimsSome
        CountsReads ForeignInside HastyClerk HearsNoAnswer JsonErrors MappedFile OldInode
        OneOpenFile PidFile ReadsRounded ReleasesTwice-Marker ReleasesUnheld
        ReleasesUnheld-Marker SecondConnection SecondOrderOpen SellsOneByOne SellsSome
        SoldOutOnTimeout Spins TakeChecksOne TakesInTwoStatements TakesOne TearsUnsaid
        TextInplace ThreadsOnly TwoDigits UnlocksEighth UnlocksInChild UnlocksThirdOrder
        UnlocksWhenMany WaitersTogether WritesOne json-inplace
    """,
    "explore-graph": """
        AddsInTwoStatements AnswersInfo AnswersNothing ByProcess CachesRead CachesShortly
        ChecksOne ChecksThenMakes ClaimsCrashSafe ClaimsInTwoStatements CountsReads
        ForeignInside HastyClerk HearsNoAnswer JsonErrors MappedFile OldInode OneOpenFile
        PidFile ReadsRounded ReleasesTwice-Marker ReleasesUnheld ReleasesUnheld-Marker
        SecondConnection SecondOrderOpen SellsOneByOne SellsSome SoldOutOnTimeout Spins
        TakeChecksOne TakesInTwoStatements TakesOne TearsUnsaid TextInplace ThreadsOnly
        TwoDigits UnlocksEighth UnlocksInChild UnlocksThirdOrder UnlocksWhenMany
        WaitersTogether WritesOne json-inplace
    """,
    "explore-reduced": """
        AddsInTwoStatements AnswersInfo AnswersNothing ByProcess CachesRead CachesShortly
        ChecksOne ChecksThenMakes ClaimsCrashSafe ClaimsInTwoStatements ClaimsSome
        ForeignInside HastyClerk HearsNoAnswer JsonErrors MappedFile OldInode OneOpenFile
        PidFile ReadsRounded ReleasesTwice-Marker ReleasesUnheld ReleasesUnheld-Marker
        SecondConnection SecondOrderOpen SellsOneByOne SellsSome SoldOutOnTimeout Spins
        TakeChecksOne TakesInTwoStatements TakesOne TearsUnsaid TextInplace ThreadsOnly
        TwoDigits UnlocksEighth UnlocksInChild UnlocksThirdOrder UnlocksWhenMany
        WaitersTogether WritesOne json-inplace
    """,
    "explore-plain": """
        AddsInTwoStatements AnswersInfo AnswersNothing ByProcess CachesRead CachesShortly
        ChecksOne ChecksThenMakes ClaimsCrashSafe ClaimsInTwoStatements ClaimsSome
        ForeignInside HastyClerk HearsNoAnswer JsonErrors MappedFile OldInode OneOpenFile
        PidFile ReadsRounded ReleasesTwice-Marker ReleasesUnheld ReleasesUnheld-Marker
        SecondConnection SecondOrderOpen SellsOneByOne SellsSome SoldOutOnTimeout Spins
        TakeChecksOne TakesInTwoStatements TakesOne TearsUnsaid TextInplace ThreadsOnly
        TwoDigits UnlocksEighth UnlocksInChild UnlocksThirdOrder UnlocksWhenMany
        WaitersTogether WritesOne json-inplace
    """,
    "explore-quantity": """
        AddsInTwoStatements AnswersInfo AnswersNothing ByProcess CachesRead CachesShortly
        ChecksThenMakes ClaimsCrashSafe ClaimsInTwoStatements ForeignInside HearsNoAnswer
        JsonErrors MappedFile OldInode OneOpenFile PidFile ReleasesTwice-Marker
        ReleasesUnheld ReleasesUnheld-Marker SecondConnection SecondOrderOpen
        SoldOutOnTimeout Spins TakesInTwoStatements TearsUnsaid TextInplace ThreadsOnly
        TwoDigits UnlocksEighth UnlocksInChild UnlocksThirdOrder UnlocksWhenMany
        WaitersTogether json-inplace
    """,
    "explore-search": """
        AddsInTwoStatements AnswersInfo AnswersNothing ByProcess ChecksOne
        ChecksThenMakes ClaimsCrashSafe ClaimsInTwoStatements ClaimsSome CountsReads
        ForeignInside HearsNoAnswer JsonErrors MappedFile OldInode OneOpenFile PidFile
        ReleasesTwice-Marker ReleasesUnheld ReleasesUnheld-Marker SecondConnection
        SecondOrderOpen SellsOneByOne SellsSome SoldOutOnTimeout Spins TakeChecksOne
        TakesInTwoStatements TakesOne TextInplace ThreadsOnly UnlocksEighth
        UnlocksInChild UnlocksThirdOrder UnlocksWhenMany WaitersTogether WritesOne
        clerk-3
    """,
    "explore-timeout": """
        AnswersInfo ByProcess CachesRead CachesShortly ChecksOne ChecksThenMakes
        ClaimsCrashSafe CountsReads ForgetfulClerk HastyClerk JsonErrors OldInode PidFile
        ReleasesTwice-Marker SecondOrderOpen SellsOneByOne SellsSome Spins TearsUnsaid
        TextInplace ThreadsOnly TwoDigits UnlocksEighth UnlocksInChild UnlocksThirdOrder
        UnlocksWhenMany WaitersTogether WritesOne json-inplace
    """,
    "simulate": """
        AnswersInfo AnswersNothing SaysNo Spins
    """,
    "random": """
        AddsInTwoStatements AnswersInfo AnswersNothing ChecksThenMakes
        ClaimsInTwoStatements LocksNoRow MappedFile OldInode OneOpenFile OwnFile PidFile
        ReleasesFirst SaysNo SaysYes SecondConnection SharesIt SilentWrite
        TakesInTwoStatements ThreadsOnly WaitersTogether
    """,
    "pct": """
        SilentWrite
    """,
    "assert_sound": """
        AddsInTwoStatements AnswersInfo AnswersNothing ByProcess ChecksThenMakes
        ClaimsInTwoStatements CountsReads InClass InModule JsonErrors KeepsMutex
        KeyedByPid MappedFile OldInode OneOpenFile PidFile ReleasesTwice-Marker SaysNo
        SecondConnection SoldOutToSecond TakesInTwoStatements TextInplace ThirdUnlocked
        ThreadsOnly UnlocksInChild WaitersTogether
    """,
    "check": """
        Spins
    """,
    "replay": """
        CountsReads JsonErrors LocksNoRow OwnFile ReleasesFirst SaysYes SaysYesElsewhere
        SharesIt TextInplace
    """,
    "matrix": """
        AnswersNothing Locked
    """,
    "kill": """
        ClaimsCrashSafe HastyClerk Locked-soft
    """,
}
