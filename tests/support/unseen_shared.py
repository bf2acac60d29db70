"""Purchases that share what was opened at import, before the buyers' processes were made."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import sqlite3
from typing import Any

from tests.support import unseen_sqlite as shop

setup, left = shop.setup, shop.left
WHICH = os.environ.get("SHARED", "")
opened: list[Any] = []
if WHICH == "file":
    opened.append(os.open("count.txt", os.O_RDWR | os.O_CREAT))
elif WHICH == "pipe":
    opened.append(os.pipe())
elif WHICH == "memory":
    opened.append(mmap.mmap(-1, 8))
elif WHICH == "value":
    opened.append(multiprocessing.Value("i", 0))
elif WHICH == "log":
    opened.append(open("log.txt", "a"))  # noqa: SIM115 - it stays open
elif WHICH == "connection":
    opened.append(sqlite3.connect("shop.db", isolation_level=None))


def buy() -> bool:
    return shop.sound()


def buy_by_it() -> bool:
    found = opened[0].execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1")
    return bool(found.rowcount == 1)


def setup_by_it() -> None:
    shop.setup()
    opened[0].execute("SELECT stock FROM event").fetchone()
