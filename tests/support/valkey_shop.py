"""Purchase functions over `valkey`, the library with the interface of `redis`."""

from __future__ import annotations

import os

import valkey

shop = valkey.Valkey.from_url(os.environ["REDIS_URL"], decode_responses=True)


def setup() -> None:
    shop.set("stock", 1)


def left() -> int:
    return int(shop.get("stock"))  # type: ignore[arg-type]


def naive() -> bool:
    stock = left()
    if stock < 1:
        return False
    shop.set("stock", stock - 1)
    return True


def watched() -> bool:
    with shop.pipeline() as pipe:
        while True:
            try:
                pipe.watch("stock")
                stock = int(pipe.get("stock"))  # type: ignore[arg-type]
                if stock < 1:
                    return False
                pipe.multi()
                pipe.set("stock", stock - 1)
                pipe.execute()
            except valkey.WatchError:
                continue
            return True


def locked() -> bool:
    with shop.lock("gate"):
        return naive()
