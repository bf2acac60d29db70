"""False verdicts that are known and not mended yet: by mode, the names of variants.

This list shall become empty. `python -m tests.trust.table --known` writes it anew.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "explore": """
        ChecksThenMakes OldInode PidFile ThreadsOnly UnlocksInChild WaitersTogether
    """,
    "explore-graph": """
        ChecksThenMakes OldInode PidFile ThreadsOnly UnlocksInChild WaitersTogether
    """,
    "explore-reduced": """
        ChecksThenMakes OldInode PidFile ThreadsOnly UnlocksInChild WaitersTogether
    """,
    "explore-plain": """
        ChecksThenMakes OldInode PidFile ThreadsOnly UnlocksInChild WaitersTogether
    """,
    "explore-quantity": """
        ChecksThenMakes OldInode PidFile ThreadsOnly UnlocksInChild WaitersTogether
    """,
    "explore-search": """
        ChecksThenMakes OldInode PidFile ThreadsOnly UnlocksInChild WaitersTogether
    """,
    "explore-timeout": """
        ChecksThenMakes OldInode PidFile ThreadsOnly UnlocksInChild WaitersTogether
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
        ByProcess ChecksThenMakes InClass InModule OldInode PidFile ThreadsOnly
        UnlocksInChild WaitersTogether
    """,
    "check": """
        Spins
    """,
    "matrix": """
        AnswersNothing Locked
    """,
}
