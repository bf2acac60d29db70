"""Wrong purchases over Redis, and each with the cure in it that the environment names."""

from __future__ import annotations

import os
import shlex
from typing import Any

import redis

CURE, STATEMENT = os.environ.get("CURE", ""), os.environ.get("STATEMENT", "")


def _server() -> Any:
    return redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


def setup() -> None:
    with _server() as server:
        server.set("stock", 1)


def left() -> int:
    with _server() as server:
        return int(server.get("stock"))


def _cured(server: Any) -> bool:
    if CURE == "lua-script":
        return bool(server.execute_command(*shlex.split(STATEMENT)))
    if CURE == "decrement-first":
        if server.execute_command(*STATEMENT.split()) >= 0:
            return True
        server.incr("stock")
        return False
    return _watched(server, STATEMENT.split("; "))


def _watched(server: Any, words: list[str]) -> bool:
    """Carry out WATCH, GET, MULTI, SET, EXEC; begin again where the key was changed."""
    while True:
        with server.pipeline() as pipe:
            pipe.watch(words[0].split()[1])
            if int(pipe.execute_command(*words[1].split())) < 1:
                return False
            pipe.multi()
            pipe.execute_command(*words[3].split())
            try:
                pipe.execute()
            except redis.WatchError:
                continue
            return True


def replaced() -> bool:
    with _server() as server:
        if CURE:
            return _cured(server)
        stock = int(server.get("stock"))
        if stock < 1:
            return False
        server.set("stock", stock - 1)
        return True


def counted() -> bool:
    with _server() as server:
        if CURE:
            return _cured(server)
        if int(server.get("stock")) < 1:
            return False
        server.decr("stock")
        return True
