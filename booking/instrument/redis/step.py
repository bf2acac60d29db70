"""One step on a Redis server: what it touches, before and behind it, and what it proves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

from booking.instrument.redis.commands import (
    SCRIPTS,
    changed_nothing,
    reason_for_doubt,
    words_of,
)
from booking.instrument.redis.keys import EVERYTHING, SCRIPT_CACHE, Inside, RedisKeys
from booking.instrument.seam import Touch

T = TypeVar("T")
SOON_MS = 60_000  # a key that lives no longer may expire within an execution
NO_FUNCTION = Touch("redis functions", writes=False)  # a function that touched no key


class RedisStep:
    """One command, or the commands of a transaction."""

    def __init__(
        self, keys: RedisKeys, commands: Sequence[Sequence[Any]], *,
        watched: frozenset[Touch] = frozenset(), watches: bool = False, whole: bool = False,
    ) -> None:  # fmt: skip
        self._keys = keys
        self._commands = [words_of(command) for command in commands]
        self._scripts = [words for words in self._commands if words[0] in SCRIPTS]
        self._watched = watched
        self._whole = whole  # a transaction: an error of one command leaves the others done
        self._declared = watched.union(*(keys.touches(words) for words in self._commands))
        self.touched = self._declared
        self.committed = False
        reasons = (reason_for_doubt(words, watches=watches) for words in self._commands)
        self.doubts = [reason for reason in reasons if reason is not None]

    @property
    def touches(self) -> tuple[Touch, ...]:
        """What it is known to touch by now."""
        return tuple(sorted(self.touched))

    def run(self, effect: Callable[[], T], errors: Any, last: Callable[[], object]) -> T:
        """Carry it out, and see what it touched; `last` returns the server's reply as it came."""
        self._doubt_expiry(self._declared)
        by_scripts = self._keys.expiry(frozenset({EVERYTHING})) if self._scripts else None
        inside = Inside()
        try:
            with self._keys.inside_scripts(inside) if self._scripts else nullcontext():
                reply = effect()
                came = last()
        except errors.WatchError:
            self.touched = self._watched  # nothing was done: it only read
            raise
        except errors.ResponseError:
            self._see(inside, by_scripts)
            self.committed = (self._whole or bool(self._scripts)) and self._writes
            raise
        except Exception:  # a connection broke: it may have been done
            self._see(inside, by_scripts)
            self.committed = self._writes
            raise
        self._see(inside, by_scripts)
        self._see_reply(came)
        self.committed = self._writes
        if self._writes:
            self._doubt_expiry(self.touched, SOON_MS)
        return reply

    def _see(self, inside: Inside, by_scripts: str | None) -> None:
        """Take note of what scripts did: that, and not the keys that they declare, is touched."""
        if not self._scripts:
            return
        self.doubts += inside.doubts
        undeclared = inside.touches - {
            Touch(touch.resource, writes) for touch in self._declared for writes in (False, True)
        }
        if undeclared and by_scripts is not None:
            self.doubts.append(by_scripts)
        others = [words for words in self._commands if words[0] not in SCRIPTS]
        cache = {touch for touch in self._declared if touch.resource == SCRIPT_CACHE}
        self.touched = self._watched.union(
            inside.touches, cache, {NO_FUNCTION}, *(self._keys.touches(words) for words in others)
        )

    def _see_reply(self, reply: object) -> None:
        if not self._whole and changed_nothing(self._commands[0], reply):
            self.touched = frozenset(Touch(touch.resource, writes=False) for touch in self.touched)

    def _doubt_expiry(self, touches: frozenset[Touch], longest_ms: float | None = None) -> None:
        reason = self._keys.expiry(touches, longest_ms)
        if reason is not None and reason not in self.doubts:
            self.doubts.append(reason)

    @property
    def _writes(self) -> bool:
        """Whether it changed anything that a buyer could mean: to load a script does not."""
        return any(touch.writes and touch.resource != SCRIPT_CACHE for touch in self.touched)
