"""One session of a database: which of its statements are effects that others can come between.

Outside a transaction each statement on a table is one effect. Inside one, the first read settles
what later reads see, where the whole transaction sees one state. The first write, or the lock on
a row, keeps other writers away until the end. What is settled or held is part of the effect before
it. The end of a transaction that wrote is an effect of its own, unless all of it comes under the
same step.
"""

from __future__ import annotations

import re

_COMMENT = "--"  # SQLite reports so what a trigger does: part of the statement that fired it
_READS = frozenset({"SELECT", "VALUES", "TABLE", "WITH"})
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE|MERGE)\b")
_TABLE = re.compile(r"\bFROM\b|\bpg_\w*lock\w*\(", re.IGNORECASE)
_LOCKS_ROWS = re.compile(r"\bFOR (NO KEY )?(UPDATE|SHARE)\b|\bFOR KEY SHARE\b")
_SNAPSHOT = re.compile(r"\b(SERIALIZABLE|REPEATABLE READ)\b")
_ENDS = frozenset({"COMMIT", "ROLLBACK", "END", "ABORT"})
_NO_EFFECT = frozenset(
    {"PRAGMA", "SET", "SHOW", "EXPLAIN", "ANALYZE", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH",
     "DISCARD", "DEALLOCATE", "PREPARE", "FETCH", "DECLARE", "CLOSE", "RESET"}
)  # fmt: skip


class SqlSession:
    """What one connection has begun, and under which step."""

    def __init__(self, *, snapshots: bool) -> None:
        self._snapshots = snapshots  # whether every transaction sees one state
        self._segment: object = None  # under which its first lock was taken
        self._open = self._settled = self._held = False
        self._one_state = snapshots

    def is_effect(self, statement: str, segment: object) -> bool:
        """Return whether other buyers can come before or behind a statement under a step."""
        text = statement.strip()
        words = text.upper()
        word = re.match(r"\w*", words)[0]  # type: ignore[index]  # it always matches
        if text.startswith(_COMMENT) or word in _NO_EFFECT or not word:
            return False
        if word in {"BEGIN", "START"}:
            return self._begin(words, segment)
        if word in _ENDS and " TO " not in words:
            return self._end(segment)
        writes = word not in _READS or bool(_WRITES.search(words))
        locks = bool(_LOCKS_ROWS.search(words))
        if not writes and not locks and not _TABLE.search(words):
            return False  # it computes, and reads no table
        return self._takes(segment) if (writes and word != "SELECT") or locks else self._reads()

    def _begin(self, words: str, segment: object) -> bool:
        if self._open:
            return False
        self._open, self._settled, self._held = True, False, False
        self._one_state = self._snapshots or bool(_SNAPSHOT.search(words))
        if not re.search(r"\b(IMMEDIATE|EXCLUSIVE)\b", words):
            return False
        self._settled = True
        return self._takes(segment)

    def _end(self, segment: object) -> bool:
        published = self._open and self._held and self._segment != segment
        self._open = self._settled = self._held = False
        return published

    def _takes(self, segment: object) -> bool:
        if not self._open:
            return True
        if self._held:
            return False
        self._held, self._segment = True, segment
        return True

    def _reads(self) -> bool:
        if not self._open:
            return True
        if self._settled or (self._held and self._snapshots):
            return False
        self._settled = self._one_state
        return True
