"""What a Redis command touches, as the server tells (COMMAND GETKEYSANDFLAGS, MONITOR, INFO).

All is asked over connections of our own, past the user's. The keys of a script are those that its
commands name when it runs: MONITOR shows them, the undeclared ones too.
"""

from __future__ import annotations

import codecs
import hashlib
import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from booking.instrument.redis.commands import (
    OTHER_DATABASES,
    PATTERNS,
    READS_EVERYTHING,
    SCRIPTS,
    SENDS,
    is_quiet,
    reason_for_doubt,
    text_of,
    words_of,
)
from booking.instrument.seam import Touch

UNKNOWN = Touch("?", writes=True)
EVERYTHING = Touch("?", writes=False)
SCRIPT_CACHE = "redis scripts"
KNOWN_MAX = 10_000
PASSWORDS = {"password", "username", "credential_provider"}
IN_SCRIPT = re.compile(rb"^[\d.]+ \[(\d+) lua\] (.*)$", re.DOTALL)
WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
EXPIRES = re.compile(r"expires=[1-9]")
FIELDS_EXPIRE = re.compile(r"(keys_with_volatile_items|subexpiry)=[1-9]")
Command = Sequence[Any]


class Inside:
    """What the commands inside of scripts touched, and why that proves nothing."""

    def __init__(self) -> None:
        self.touches: set[Touch] = set()
        self.doubts: list[str] = []


class RedisKeys:
    """One server, asked for what commands touch in one of its databases."""

    def __init__(self, pool: Any, errors: Any) -> None:
        self._pool = pool
        self._errors = errors  # the library's exceptions
        self._lines: dict[str, Any] = {}
        self._owner_pid = os.getpid()
        self._known: dict[tuple[Any, ...], tuple[Touch, ...]] = {}
        self._raw: dict[str, Any] = {}  # resource → key
        self._writing: dict[str, bool] = {}
        self.database = int(pool.connection_kwargs.get("db") or 0)

    @property
    def usable(self) -> bool:
        """Whether its connections are this process's own."""
        return self._owner_pid == os.getpid()

    # Questions.

    def _line(self, name: str) -> Any:
        """Return a connection of our own, with the settings of the user's."""
        line = self._lines.get(name)
        if line is None:
            line = self._pool.connection_class(**dict(self._pool.connection_kwargs))
            self._lines[name] = line
        return line

    def ask(self, *command: Any) -> Any:
        """Return the server's reply, as it came."""
        line = self._line("asks")
        line.send_command(*command)
        return line.read_response(disable_decoding=True)

    def _ask_or_none(self, *command: Any) -> Any:
        try:
            return self.ask(*command)
        except self._errors.ResponseError:
            return None

    def touches(self, command: Command) -> frozenset[Touch]:
        """Return what a command touches by its own words; of a script, the declared keys."""
        words = words_of(command)
        name = words[0]
        if is_quiet(words):
            return frozenset()
        if name in OTHER_DATABASES:
            return frozenset({UNKNOWN})
        if name in READS_EVERYTHING:
            return frozenset({EVERYTHING})
        if name in SENDS:
            return frozenset({Touch(f"redis channel {text_of(words[1])}", writes=True)})
        if name == "SCRIPT":
            reads = [text_of(word).upper() for word in words[1:2]] == ["EXISTS"]
            return frozenset({Touch(SCRIPT_CACHE, not reads)})
        return frozenset(self._keys(words)) | self._cache_of(words)

    def _cache_of(self, words: list[Any]) -> frozenset[Touch]:
        """Return how a script uses the server's store of scripts: EVAL fills it."""
        if not words[0].startswith("EVAL"):
            return frozenset()
        if words[0].startswith("EVALSHA"):
            return frozenset({Touch(SCRIPT_CACHE, writes=False)})
        body = words[1] if isinstance(words[1], bytes) else text_of(words[1]).encode()
        sha = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        there = self._ask_or_none("SCRIPT", "EXISTS", sha) == [1]
        return frozenset({Touch(SCRIPT_CACHE, writes=not there)})

    def _keys(self, words: list[Any]) -> tuple[Touch, ...]:
        shape = tuple(text_of(word) for word in words)
        found = self._known.get(shape)
        if found is None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            found = self._known[shape] = self._asked_keys(words)
        return found

    def _asked_keys(self, words: list[Any]) -> tuple[Touch, ...]:
        reply = self._ask_or_none("COMMAND", "GETKEYSANDFLAGS", *words)
        if reply is None:  # no keys, or an older server: it may touch anything
            scripted = words[0] in SCRIPTS and self._declares_none(words)
            return () if scripted else (UNKNOWN,)
        keys = {key: {text_of(flag).upper() for flag in flags} for key, flags in _pairs(reply)}
        found = {self.touch(key, "RO" not in flags) for key, flags in keys.items()}
        if not any(touch.writes for touch in found) and self._writes(words[0]):
            found = {Touch(touch.resource, writes=True) for touch in found}  # XREADGROUP
        if any("INCOMPLETE" in flags for flags in keys.values()):
            found.add(UNKNOWN)
        rest = [text_of(word).upper() for word in words[2:]]
        if words[0] in PATTERNS and {"BY", "GET"} & set(rest):
            found.add(EVERYTHING)
        if words[0] == "COPY" and "DB" in rest:
            found.add(UNKNOWN)
        return tuple(found) or (UNKNOWN,)

    def _declares_none(self, words: list[Any]) -> bool:
        return len(words) > 2 and text_of(words[2]) == "0"  # noqa: PLR2004 - EVAL script 0

    def _writes(self, name: str) -> bool:
        """Return whether the server counts a command among those that write."""
        if name not in self._writing:
            reply = self._ask_or_none("COMMAND", "INFO", name)
            known = bool(reply) and reply[0] is not None
            flags = {text_of(flag).lower() for flag in reply[0][2]} if known else {"write"}
            self._writing[name] = "write" in flags
        return self._writing[name]

    def touch(self, key: Any, writes: bool, database: int | None = None) -> Touch:
        """Return a key as a resource; the server is left out: one has many names."""
        number = self.database if database is None else database
        touch = Touch(f"redis {number} {text_of(key)}", writes)
        if number == self.database:
            self._raw[touch.resource] = key
        return touch

    # Time to live.

    def expiry(self, touches: frozenset[Touch], longest_ms: float | None = None) -> str | None:
        """Return why the clock matters to what is touched, or None; `longest_ms`: before then."""
        told = text_of(self._ask_or_none("INFO", "keyspace") or b"expires=1")
        if FIELDS_EXPIRE.search(told):
            return "a field of a hash expires: when it does is not explored"
        if not EXPIRES.search(told):
            return None
        limit_ms = math.inf if longest_ms is None else longest_ms
        for touch in sorted(touches):
            if touch.resource == "?":
                return "all keys are touched, and one expires: when it does is not explored"
            key = self._raw.get(touch.resource)
            if key is not None and self._lives_ms(key) < limit_ms:
                return f"key {text_of(key)} expires: when it does is not explored"
        return None

    def _lives_ms(self, key: Any) -> float:
        left_ms = self._ask_or_none("PTTL", key)  # None: it may not be asked
        return 0 if left_ms is None else left_ms if left_ms >= 0 else math.inf

    # Scripts.

    @contextmanager
    def inside_scripts(self, inside: Inside) -> Iterator[None]:
        """Hear each command that a script carries out in this block."""
        line = self._line("hears")
        try:
            line.send_command("MONITOR")
            line.read_response(disable_decoding=True)
        except self._errors.ResponseError:  # not allowed
            inside.touches.add(UNKNOWN)
            yield
            return
        try:
            yield
        finally:
            self._hear(line, inside)

    def _hear(self, line: Any, inside: Inside) -> None:
        marker = f"booking-{os.getpid()}"
        self.ask("ECHO", marker)
        while True:
            told = line.read_response(disable_decoding=True)
            if marker.encode() in told and b'"ECHO"' in told:
                break
            if (match := IN_SCRIPT.match(told)) is not None:
                self._heard(int(match[1]), [_unescaped(word) for word in WORD.findall(match[2])],
                            inside)  # fmt: skip
        if PASSWORDS & self._pool.connection_kwargs.keys():
            line.disconnect()  # RESET would forget who we are
            return
        line.send_command("RESET")
        while line.read_response(disable_decoding=True) != b"RESET":
            pass

    def _heard(self, database: int, command: list[bytes], inside: Inside) -> None:
        words = words_of(command)
        if words[0] == "SELECT":
            return
        doubt = reason_for_doubt(words)
        if doubt is not None:
            inside.doubts.append(f"inside of a script: {doubt}")
        for touch in self.touches(words):
            if touch.resource.startswith(f"redis {self.database} ") and database != self.database:
                key = touch.resource.removeprefix(f"redis {self.database} ")
                touch = self.touch(key, touch.writes, database)  # noqa: PLW2901
            inside.touches.add(touch)

    def close(self) -> None:
        """Close our connections."""
        for line in self._lines.values():
            with suppress(Exception):  # it may be broken
                line.disconnect()
        self._lines = {}


def _pairs(reply: Any) -> list[tuple[Any, Any]]:
    return [(key, flags) for key, flags in reply]


def _unescaped(word: bytes) -> bytes:
    return codecs.escape_decode(word)[0]
