"""The actions that steps announce, and what each does to its resource: stated once.

A step may announce an action that is not listed. Every mode then assumes the worst: it changes
its resource, and commutes with nothing on it.
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What a step is about to do."""

    READ = "read"
    WRITE = "write"
    TRUNCATE = "truncate"
    REPLACE = "replace"
    REMOVE = "remove"
    TAKE = "take"  # check and take, indivisibly
    CLAIM = "claim"  # take a token from a pool
    ADD = "add"  # add to the count, unasked
    COMPARE_AND_SET = "compare-and-set"
    ACQUIRE = "acquire"
    RELEASE = "release"
    SEND = "send"
    RECEIVE = "receive"


# Two of these on one resource commute.
READS = frozenset({Action.READ})
# Replace the stored count; what stood there before is lost.
OVERWRITES = frozenset({Action.WRITE, Action.REPLACE, Action.COMPARE_AND_SET})
# Change the stored count without looking at it: a late one undoes what came between.
BLIND_WRITES = frozenset({Action.WRITE, Action.REPLACE, Action.TRUNCATE})
# Change the stored count, the most harmful first when a late process does it.
CHANGES = (
    Action.WRITE, Action.REPLACE, Action.COMPARE_AND_SET, Action.TAKE, Action.CLAIM, Action.ADD,
    Action.SEND,
)  # fmt: skip
# May have to wait until another process gives something.
WAITS = frozenset({Action.ACQUIRE, Action.RECEIVE})
# Leave the inventory as it is, unless they carry a value (a release that commits).
KEEPS_CONTENT = frozenset({Action.READ, Action.ACQUIRE, Action.RELEASE})
# Pass messages; no store shows what waits in a mailbox.
MESSAGES = frozenset({Action.SEND, Action.RECEIVE})
