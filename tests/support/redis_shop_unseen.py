"""Purchase functions over Redis whose orders are not explored: none of them is a proof."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import uuid

import redis
import redis.asyncio

from tests.support.redis_shop import URL, _read_and_write, get_set, script, shop


def pops_at_random() -> str | None:
    return shop.spop("pot")  # type: ignore[return-value]


def asks_the_time() -> bool:
    shop.time()
    return script()


def clock_in_script() -> bool:
    shop.eval("return redis.call('TIME')", 0)
    return script()


def clock_of_lua() -> bool:
    shop.eval("return os.clock() > 0 and 1 or 0", 0)
    return script()


def numbered_by_the_clock() -> bool:
    shop.xadd("sales", {"buyer": "one"})
    return script()


def waits_in_the_server() -> bool:
    return shop.blpop(["free"], timeout=1) is not None


def by_hand() -> bool:
    client = redis.Redis.from_url(URL, single_connection_client=True)
    client.execute_command("MULTI")
    client.execute_command("DECR", "stock")
    client.execute_command("EXEC")
    return True


def past_the_client() -> bool:
    line = shop.connection_pool.get_connection()
    try:
        line.send_command("DECR", "stock")
        return int(line.read_response()) >= 0
    finally:
        shop.connection_pool.release(line)


def listens() -> bool:
    with shop.pubsub() as hears:
        hears.subscribe("sold")
    return script()


def publishes_and_listens() -> bool:
    hears = shop.pubsub()
    hears.subscribe("sold")
    while hears.get_message(ignore_subscribe_messages=True) is not None:
        pass
    return get_set()


def selects() -> bool:
    client = redis.Redis.from_url(URL, single_connection_client=True, decode_responses=True)
    client.select(3)
    return _read_and_write(client)


def in_a_thread() -> bool:
    sold: list[bool] = []
    thread = threading.Thread(target=lambda: sold.append(get_set()))
    thread.start()
    thread.join()
    return sold[0]


def asynchronous() -> bool:
    async def decrement() -> bool:
        async with redis.asyncio.Redis.from_url(URL) as client:
            return bool(await client.decr("stock") >= 0)

    return asyncio.run(decrement())


def cached() -> bool:
    from redis.cache import CacheConfig

    with redis.Redis.from_url(URL, protocol=3, cache_config=CacheConfig()) as client:
        return _read_and_write(client)


def by_sentinel() -> bool:
    from redis.sentinel import Sentinel

    host, port = os.environ["REDIS_HOST"], int(os.environ["REDIS_PORT"])
    return _read_and_write(Sentinel([(host, port)]).master_for("shop"))


def in_a_cluster() -> bool:
    client = redis.RedisCluster(host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]))
    return _read_and_write(client)


def another_server() -> bool:
    """Not private: it is not even connected to."""
    return _read_and_write(redis.Redis(port=1))


def token_of_chance() -> bool:
    shop.set("receipt", uuid.uuid4().hex)
    return script()


def expiring_field() -> bool:
    shop.hset("hold", "seat", 1)
    shop.execute_command("HEXPIRE", "hold", 100, "FIELDS", 1, "seat")
    return script()


def never_ends() -> bool:
    """Polls for what never comes."""
    while not shop.exists("opening"):
        time.sleep(0.01)
    return True


def spins() -> bool:
    """Polls without a pause for what never comes."""
    while not shop.exists("opening"):
        pass
    return True
