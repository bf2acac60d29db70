"""One connection to PostgreSQL during a purchase: its statements, and the ends of transactions.

What a statement touched is asked of the server behind it. A statement of an autocommit connection
gets a transaction of its own for that, which changes nothing: it is one anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from booking.instrument.postgres.locks import (
    EVERYTHING,
    NONE_HELD,
    NOTHING,
    SNAPSHOT_LEVELS,
    UNKNOWN,
    Held,
    PostgresLocks,
    tell,
)
from booking.instrument.seam import Dismissed, Seam, Touch

T = TypeVar("T")
OPAQUE = {"create", "alter", "drop", "call", "do", "vacuum", "notify", "listen", "unlisten"}
LIMITED = (
    "a time limit inside the server (lock_timeout or the like): when it strikes is not explored"
)
COMMITS = {"commit", "end", "release"}


class PostgresSession:
    """A connection of the user's code, and what its open transaction has touched."""

    def __init__(
        self, connection: Any, seam: Seam, locks: PostgresLocks, known: dict[str, frozenset[Touch]]
    ) -> None:
        self._connection = connection
        self._seam = seam
        self._locks = locks
        self._known = known  # statement → what it was seen to touch
        self._held = NONE_HELD

    @property
    def _status(self) -> str:
        name: str = self._connection.info.transaction_status.name
        return name

    def statement(
        self, verb: str, shown: str, effect: Callable[[], T], *, key: str, opaque: bool = False
    ) -> T:
        """Carry out one statement as a step; ask the server what it touched."""
        autocommits = self._connection.autocommit and self._status == "IDLE"
        before = NONE_HELD if self._status == "IDLE" else self._held
        guess = before.touches | self._known.get(key, frozenset({UNKNOWN}))
        touches = [tuple(sorted(guess))]
        alone = autocommits and not opaque

        def carried_out() -> T:
            result = self._alone(effect, touches, before) if alone else effect()
            if not alone:
                self._look(touches, before, opaque=opaque)
            self._known[key] = frozenset(touches[0])
            self._seam.committed |= autocommits and any(touch.writes for touch in touches[0])
            return result

        return self._seam.perform(
            verb, shown, lambda: touches[0], carried_out,
            failed=error_text, session=self._connection.info.backend_pid,
        )  # fmt: skip

    def _alone(self, effect: Callable[[], T], touches: list[tuple[Touch, ...]], before: Held) -> T:
        """Carry out a statement in a transaction of its own, to see what it touched."""
        tell(self._connection, "begin")
        try:
            result = effect()
            self._look(touches, before, opaque=False)
        except BaseException:
            with suppress(Exception):  # a broken connection: its own error matters
                tell(self._connection, "rollback")
            raise
        tell(self._connection, "commit")
        self._held = Held(self._held.advisory, "")
        return result

    def _look(self, touches: list[tuple[Touch, ...]], before: Held, *, opaque: bool) -> None:
        """Ask the server what the transaction has touched by now."""
        if self._status != "INTRANS":
            touches[0] = (UNKNOWN,)
            return
        held = self._locks.held(self._connection)
        if held.limited:
            self._seam.doubts.append(LIMITED)
        touched = held.touches | self._held.advisory
        if held.isolation in SNAPSHOT_LEVELS and before.isolation != held.isolation:
            touched |= {EVERYTHING}  # its snapshot decides all that the transaction will read
        if opaque:
            touched |= {UNKNOWN}
        touches[0] = tuple(sorted(touched)) or (NOTHING,)
        self._held = held

    def end(self, verb: str, effect: Callable[[], T], *, whole: bool = True, text: str = "") -> T:
        """End a transaction, or part of it: a step, where others can notice that."""
        seam, held, commits = self._seam, self._held, verb in COMMITS
        if not seam.active:
            return effect()
        if seam.dismissed and commits:
            self._undo()
            raise Dismissed
        serializable = held.isolation == "serializable" and commits
        if whole:
            self._held = Held(held.advisory, "")
        noticed = (held.writes or serializable) and verb != "release" and self._status != "IDLE"
        if seam.dismissed or not noticed:
            with seam.inside():
                return effect()
        touches = tuple(sorted(held.touches | ({EVERYTHING} if serializable else set())))
        committed, seam.committed = seam.committed, seam.committed or commits
        try:
            return seam.perform(
                verb, text or verb.upper(), lambda: touches, effect,
                failed=error_text, session=self._connection.info.backend_pid,
            )  # fmt: skip
        except Dismissed:
            if not commits:
                return effect()
            self._undo()
            raise
        except Exception as error:
            if getattr(error, "sqlstate", None):  # the server says itself that it did not
                seam.committed = committed
            raise

    def _undo(self) -> None:
        """Roll back where a buyer is dismissed before its commit.

        The library above would take itself to be in that transaction at the next purchase.
        """
        with suppress(Exception):  # a broken connection has none
            tell(self._connection, "rollback")

    def leave(self, rollback: Callable[[], None]) -> None:
        """Roll back what a purchase leaves open: its connection ends, or goes back to a pool."""
        if self._connection.closed:
            return
        advisory = self._held.advisory
        if self._status != "IDLE":
            self.end("rollback", rollback, text="ROLLBACK  (left open by the purchase)")
        if advisory:
            with self._seam.inside(), suppress(Exception):  # broken: the server unlocks itself
                tell(self._connection, "select pg_advisory_unlock_all()")
        self._held = NONE_HELD


def error_text(error: Exception) -> str:
    """Return an error without its details: they have process and transaction numbers."""
    diagnosis = getattr(error, "diag", None)
    message = diagnosis.message_primary if diagnosis is not None else None
    return f"{type(error).__name__}: {message or error}"
