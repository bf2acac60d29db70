"""Sell tickets whose number is a key in Redis: the wrong way, and three right ways."""

import os

import redis

shop = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
take = shop.register_script("""
    if tonumber(redis.call('GET', KEYS[1])) < 1 then return 0 end
    redis.call('DECR', KEYS[1])
    return 1
""")


def setup():
    shop.set("tickets", 1)


def left():
    return int(shop.get("tickets"))


def buy_wrong():
    tickets = left()
    if tickets < 1:
        return False
    shop.set("tickets", tickets - 1)  # what was sold meanwhile is forgotten
    return True


def buy_by_script():
    return bool(take(keys=["tickets"]))  # the server runs it alone


def buy_watched():
    with shop.pipeline() as pipe:
        while True:
            try:
                pipe.watch("tickets")  # from here on, a change of the key fails `execute`
                tickets = int(pipe.get("tickets"))
                if tickets < 1:
                    return False
                pipe.multi()
                pipe.set("tickets", tickets - 1)
                pipe.execute()
            except redis.WatchError:
                continue
            return True


def buy_locked():
    with shop.lock("tickets:lock"):
        return buy_wrong()
