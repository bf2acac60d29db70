"""What Redis commands are, beside the keys that they touch: which the server is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

# Nothing that another buyer could notice.
QUIET = {"PING", "ECHO", "AUTH", "HELLO", "UNWATCH", "COMMAND", "READONLY", "READWRITE", "QUIT"}
QUIET_CLIENT = {"SETNAME", "SETINFO", "NO-EVICT", "NO-TOUCH"}
READS_EVERYTHING = {"KEYS", "SCAN", "DBSIZE"}
SCRIPTS = {"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"}
SENDS = {"PUBLISH", "SPUBLISH"}
OTHER_DATABASES = {"MOVE", "SWAPDB", "FLUSHALL", "SELECT"}
PATTERNS = {"SORT", "SORT_RO"}  # BY and GET name keys by a pattern

# What the same order of steps need not give again, or what does not end by itself.
RANDOM = {"RANDOMKEY", "SRANDMEMBER", "SPOP", "HRANDFIELD", "ZRANDMEMBER"}
CLOCK = {"TIME", "LASTSAVE", "XPENDING", "XAUTOCLAIM", "XCLAIM", "XINFO"}
CLOCK_OBJECT = {"IDLETIME", "FREQ"}
LISTENS = {
    "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE",
    "MONITOR", "SYNC", "PSYNC",
}  # fmt: skip
BLOCKING = {
    "BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP",
    "WAIT", "WAITAOF",
}  # fmt: skip
BY_HAND = {"MULTI", "EXEC", "DISCARD", "WATCH", "SELECT", "RESET"}
FIELD_TIMES = {"HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT", "HSETEX", "HGETEX"}

# What answers with None or 0 has changed nothing: it only read.
TRIES = {
    "SET", "SETNX", "HSETNX", "LPOP", "RPOP", "GETDEL", "SADD", "SREM", "SMOVE", "DEL", "UNLINK",
    "HDEL", "ZREM", "PERSIST",
}  # fmt: skip
SHOWN_SCRIPT_MAX = 60
SHOWN_SHA = 8
CLOCK_OF_LUA = re.compile(r"\bos\s*\.\s*(clock|time)\b")


def words_of(command: Sequence[Any]) -> list[Any]:
    """Return a command with its first word alone, in capitals: `SCRIPT LOAD` is two words."""
    first = text_of(command[0]).split() or [""]
    return [first[0].upper(), *first[1:], *command[1:]]


def text_of(value: Any) -> str:
    """Return a key or value as text."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode(errors="backslashreplace")
    return str(value)


def shown(command: Sequence[Any]) -> str:
    """Return a command as people write it; a script by its beginning."""
    words = [text_of(word) for word in words_of(command)]
    if words[0].startswith("EVALSHA") and len(words) > 1:
        words[1] = words[1][:SHOWN_SHA]
    elif words[0].startswith("EVAL") and len(words) > 1:
        script = " ".join(words[1].split())
        cut = script if len(script) <= SHOWN_SCRIPT_MAX else f"{script[:SHOWN_SCRIPT_MAX]}…"
        words[1] = f'"{cut}"'
    return " ".join(words)


def is_quiet(words: Sequence[Any]) -> bool:
    """Return whether a command does nothing that others notice, and is told nothing of them."""
    if words[0] == "CLIENT":
        return len(words) > 1 and text_of(words[1]).upper() in QUIET_CLIENT
    return words[0] in QUIET


def reason_for_doubt(words: Sequence[Any], *, watches: bool = False) -> str | None:
    """Return why the orders of a command are not explored, or None.

    `watches`: it is sent at once by a pipeline, which may watch keys.
    """
    name, rest = words[0], [text_of(word).upper() for word in words[1:]]
    first = rest[0] if rest else ""
    reasons = {
        f"{name} gives a random value: the server chooses it, not the explorer": name in RANDOM,
        f"{name} reads the server's clock": name in CLOCK
        or (name == "XADD" and "*" in rest)
        or (name == "OBJECT" and first in CLOCK_OBJECT),
        f"{name}: when a field expires is not explored": name in FIELD_TIMES,
        f"{name}: pub/sub is not covered": name in LISTENS,
        f"{name} waits inside the server: that is not covered": name in BLOCKING
        or (name in {"XREAD", "XREADGROUP"} and "BLOCK" in rest),
        f"{name} by hand, past a pipeline, is not covered": name in BY_HAND
        and not (watches and name in {"WATCH", "DISCARD"}),
        f"CLIENT {first} is not covered": name == "CLIENT",
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def changed_nothing(words: Sequence[Any], reply: Any) -> bool:
    """Return whether a command that may write answered that it wrote nothing."""
    conditional = words[0] != "SET" or "GET" not in [text_of(word).upper() for word in words[3:]]
    return words[0] in TRIES and conditional and (reply is None or reply in (0, False))


def reads_clock(text: Any) -> bool:
    """Return whether a script reads a clock by itself, without a command."""
    return CLOCK_OF_LUA.search(text_of(text)) is not None
