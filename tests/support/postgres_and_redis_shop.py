"""A purchase over two servers: the count is in Redis, the receipts are in PostgreSQL."""

from __future__ import annotations

import os

import psycopg
import redis

shop = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


def setup() -> None:
    shop.set("stock", 1)
    with psycopg.connect(os.environ["DATABASE_URL"]) as line:
        line.execute("CREATE TABLE IF NOT EXISTS receipt (number serial)")
        line.execute("DELETE FROM receipt")


def left() -> int:
    return int(shop.get("stock"))  # type: ignore[arg-type]


def naive() -> bool:
    stock = left()
    if stock < 1:
        return False
    shop.set("stock", stock - 1)
    with psycopg.connect(os.environ["DATABASE_URL"]) as line:
        line.execute("INSERT INTO receipt DEFAULT VALUES")
    return True
