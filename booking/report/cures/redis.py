"""Cures of races in Redis: one script, a watched transaction, or one command that counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from booking.report.cures.case import Act, Case, Named

READS = {"get", "mget", "hget", "hgetall", "llen", "scard", "exists", "getrange", "lindex"}
COUNTS = {"decr", "decrby", "incr", "incrby", "hincrby"}
WRITES = COUNTS | {
    "set", "setex", "setnx", "mset", "getset", "hset", "hmset", "lpop", "rpop", "spop", "srem",
    "sadd", "lpush", "rpush", "del", "setrange",
}  # fmt: skip
SCRIPT = (
    "local left = tonumber(redis.call('GET', KEYS[1])) "
    "if left < 1 then return 0 end redis.call('DECR', KEYS[1]) return 1"
)


class Looked(NamedTuple):
    """A buyer looked at a key, another one changed it, and the buyer changed it, too."""

    key: str
    read: Act
    meanwhile: Act
    write: Act

    @property
    def why(self) -> str:
        """What happened, in words."""
        place = f" ({self.write.step.where})" if self.write.step.where else ""
        return (
            f"buyer {self.write.buyer} changed {self.key} by what it had read before "
            f"buyer {self.meanwhile.buyer} changed it{place}"
        )


def looked(case: Case) -> Looked | None:
    """Return the first write of a key by what was read of it before another buyer's write."""
    if not case.through & {"redis", "valkey"}:
        return None
    for write in case.acts:
        for read in case.of(write.buyer):
            key = _key(read)
            if read.at > write.at or not key or not _is(read, READS) or not _is(write, WRITES):
                continue
            others = [
                act for act in case.acts
                if act.buyer != write.buyer and read.at < act.at < write.at
                and _is(act, WRITES) and _key(act) == key
            ]  # fmt: skip
            if _key(write) == key and others:
                return Looked(key, read, others[0], write)
    return None


def _words(act: Act) -> Sequence[str]:
    return act.step.text.split()


def _is(act: Act, commands: set[str]) -> bool:
    words = _words(act)
    return bool(words) and words[0].lower() in commands


def _key(act: Act) -> str:
    words = _words(act)
    return words[1].strip("'\"") if len(words) > 1 else ""


def _is_counter(found: Looked) -> bool:
    """Return whether the key is a number that is read with GET."""
    return _is(found.read, {"get"}) and _is(found.write, COUNTS | {"set"})


def script(case: Case) -> Named | None:
    """GET, then SET or DECR: one script, which Redis runs alone."""
    if (found := looked(case)) is None:
        return None
    text = f'EVAL "{SCRIPT}" 1 {found.key}' if _is_counter(found) else ""
    return Named("lua-script", f"{found.why}; let one script look and take", text)


def watch(case: Case) -> Named | None:
    """GET, then SET or DECR: a transaction that fails where the key was changed meanwhile."""
    if (found := looked(case)) is None:
        return None
    read, write = found.read.step.text, found.write.step.text
    text = f"WATCH {found.key}; {read}; MULTI; {write}; EXEC"
    return Named("watch", f"{found.why}; watch the key, and begin again at WatchError", text)


def count_down(case: Case) -> Named | None:
    """GET, then SET or DECR: DECR first, and look at what it gives."""
    found = looked(case)
    if found is None or not _is_counter(found):
        return None
    why = f"{found.why}; count down first; where that gives less than 0, count up again: sold out"
    return Named("decrement-first", why, f"DECR {found.key}")
