"""Purchase functions over Redis with `redis` that announce nothing: right and wrong ways."""

from __future__ import annotations

import os
import time
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import LockError, NoScriptError, ResponseError, WatchError

URL = os.environ["REDIS_URL"]
TICKETS = int(os.environ.get("TICKETS", "1"))
shop = redis.Redis.from_url(URL, decode_responses=True)  # one for the module, as people have it
other_database = redis.Redis.from_url(URL.removesuffix("/0") + "/3", decode_responses=True)
TAKE = """
local stock = tonumber(redis.call('GET', KEYS[1]))
if stock < 1 then return 0 end
redis.call('DECR', KEYS[1])
return 1
"""
take = shop.register_script(TAKE)


def setup() -> None:
    shop.flushall()
    shop.set("stock", TICKETS)
    other_database.set("stock", TICKETS)
    shop.rpush("free", *(f"seat {number}" for number in range(1, TICKETS + 1)))
    shop.sadd("pot", *(f"seat {number}" for number in range(1, TICKETS + 1)))


def setup_one() -> None:
    """Only the database that the client has."""
    shop.set("stock", TICKETS)


def setup_without_scripts() -> None:
    setup()
    shop.script_flush()


def setup_with_expiry() -> None:
    setup()
    shop.expire("stock", 3600)


def left() -> int:
    return int(shop.get("stock") or 0)


def left_in_other() -> int:
    return int(other_database.get("stock") or 0)


def left_in_both() -> int:
    return left() + left_in_other()


def seats_left() -> int:
    return int(shop.llen("free"))


def pot_left() -> int:
    return int(shop.scard("pot"))


def _read_and_write(client: Any = shop) -> bool:
    stock = int(client.get("stock"))
    if stock < 1:
        return False
    client.set("stock", stock - 1)
    return True


def get_set() -> bool:
    return _read_and_write()


def get_decr() -> bool:
    if int(shop.get("stock")) < 1:
        return False
    shop.decr("stock")
    return True


def decr_and_undo() -> bool:
    if shop.decr("stock") >= 0:
        return True
    shop.incr("stock")
    return False


def decr_and_undo_by_quantity(buyer: int) -> int:
    """One wants two, one wants one, and there is one: both take, both give back."""
    quantity = 2 - buyer
    if int(shop.decrby("stock", quantity)) >= 0:
        return quantity
    shop.incrby("stock", quantity)
    return 0


def script() -> bool:
    return bool(take(keys=["stock"]))


def script_by_sha() -> bool:
    try:
        return bool(shop.evalsha(take.sha, 1, "stock"))
    except NoScriptError:
        return bool(shop.eval(TAKE, 1, "stock"))


def script_undeclared() -> bool:
    """Right on one server, although its key is not declared."""
    return bool(shop.eval(TAKE.replace("KEYS[1]", "'stock'"), 0))


def script_half_undeclared() -> bool:
    """Wrong: the script reads one thing, and the write comes behind it."""
    if not shop.eval("return tonumber(redis.call('GET', 'stock')) > 0 and 1 or 0", 1, "receipt"):
        return False
    shop.decr("stock")
    return True


def function() -> bool:
    return bool(shop.fcall("take", 1, "stock"))


def setup_function() -> None:
    setup()
    shop.function_load(
        "#!lua name=shop\nredis.register_function('take', function(KEYS)" + TAKE + "end)",
        replace=True,
    )


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
            except WatchError:
                continue
            return True


def watched_too_late() -> bool:
    stock = int(shop.get("stock"))  # type: ignore[arg-type]
    with shop.pipeline() as pipe:
        pipe.watch("stock")
        if stock < 1:
            return False
        pipe.multi()
        pipe.set("stock", stock - 1)
        pipe.execute()
        return True


def transaction() -> bool:
    """The client's own loop of WATCH and EXEC."""
    sold: list[bool] = []

    def change(pipe: Any) -> None:
        stock = int(pipe.get("stock"))
        sold[:] = [stock > 0]
        pipe.multi()
        if stock > 0:
            pipe.decr("stock")

    shop.transaction(change, "stock")
    return sold[0]


def script_in_pipeline() -> bool:
    with shop.pipeline() as pipe:
        take(keys=["stock"], client=pipe)
        return bool(pipe.execute()[0])


def pipeline_transaction() -> bool:
    """DECR and GET at once: what it reads is what it wrote."""
    with shop.pipeline() as pipe:
        pipe.decr("stock")
        pipe.get("stock")
        after = int(pipe.execute()[1])
    if after >= 0:
        return True
    shop.incr("stock")
    return False


def pipeline_alone() -> bool:
    """Without a transaction, another buyer's command may come between DECR and GET."""
    with shop.pipeline(transaction=False) as pipe:
        pipe.decr("stock")
        pipe.get("stock")
        after = int(pipe.execute()[1])
    if after >= 0:
        return True
    shop.incr("stock")
    return False


def pop() -> str | None:
    return shop.lpop("free")  # type: ignore[return-value]


def peek_and_remove() -> str | None:
    seat = shop.lindex("free", 0)
    if seat is None:
        return None
    shop.lrem("free", 1, seat)  # type: ignore[arg-type]
    return seat  # type: ignore[return-value]


def lock() -> bool:
    with shop.lock("gate"):
        return _read_and_write()


def lock_once() -> bool:
    gate = shop.lock("gate")
    if not gate.acquire(blocking=False):
        raise LockError("busy")
    try:
        return _read_and_write()
    finally:
        gate.release()


def lock_until() -> bool:
    with shop.lock("gate", blocking_timeout=5):
        return _read_and_write()


def lock_never_released() -> bool:
    if not shop.lock("gate", blocking_timeout=5).acquire():
        raise LockError("the time limit struck")
    return _read_and_write()


def crossed_locks(buyer: int) -> bool:
    """Two locks in two orders, waited for without end."""
    names = ["gate", "vault"] if buyer else ["vault", "gate"]
    with shop.lock(names[0]), shop.lock(names[1]):
        return _read_and_write()


def lock_with_expiry() -> bool:
    with shop.lock("gate", timeout=10):
        return _read_and_write()


def own_lock() -> bool:
    """SET NX without a token, tried again by polling: right, as long as each holder deletes."""
    while not shop.set("gate", "held", nx=True):
        time.sleep(0.01)
    try:
        return _read_and_write()
    finally:
        shop.delete("gate")


def own_lock_deleted_by_others() -> bool:
    """The one that does not get the lock deletes it, too."""
    try:
        if not shop.set("gate", "held", nx=True):
            raise LockError("busy")
        return _read_and_write()
    finally:
        shop.delete("gate")


def two_stocks() -> bool:
    """Two databases of one server: the right one is taken from."""
    return _read_and_write(other_database)


def two_databases(buyer: int) -> bool:
    """Each buyer has a database of its own: nothing is shared."""
    client = shop if buyer % 2 else other_database
    return client.decr("stock") >= 0


def receipt_expires(buyer: int) -> bool:
    """A key that expires, and that no other buyer touches."""
    sold = script()
    shop.set(f"receipt {buyer}", "yes", ex=3600)
    return sold


def publishes() -> bool:
    sold = script()
    shop.publish("sold", "one")
    return sold


def single_connection() -> bool:
    with redis.Redis.from_url(URL, single_connection_client=True) as client:
        return _read_and_write(client)


def fails_before() -> bool:
    raise RuntimeError("no card")


def fails_behind() -> bool:
    shop.decr("stock")
    raise RuntimeError("the connection to the bank broke")


def wrong_type() -> bool:
    try:
        shop.incr("free")
    except ResponseError:
        return script()
    raise AssertionError


def sleeps_behind_a_write() -> bool:
    sold = get_set()
    time.sleep(0.01)
    return sold


def sleeps_between() -> bool:
    stock = int(shop.get("stock"))  # type: ignore[arg-type]
    time.sleep(0.01)
    if stock < 1:
        return False
    shop.set("stock", stock - 1)
    time.sleep(0.01)
    return True


def answers_are_changed() -> bool:
    """The client hides that SET has written."""
    shop.set_response_callback("SET", lambda _reply, **_options: None)
    return _read_and_write()
