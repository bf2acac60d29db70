"""Sell tickets whose number lies in `data.json`: the wrong way, and two right ways."""

import fcntl
import json
import os
from pathlib import Path

from filelock import FileLock

DATA = Path("data.json")


def setup():
    DATA.write_text(json.dumps({"left": 1}))


def left():
    return json.loads(DATA.read_text())["left"]


def buy_wrong():
    tickets = left()
    if tickets < 1:
        return False
    DATA.write_text(json.dumps({"left": tickets - 1}))  # what was sold meanwhile is forgotten
    return True


def buy_and_replace():
    tickets = left()
    if tickets < 1:
        return False
    Path("data.json.new").write_text(json.dumps({"left": tickets - 1}))
    os.replace("data.json.new", DATA)  # a reader sees the old count or the new one
    return True


def buy_with_flock():
    with Path("data.lock").open("a") as lock:  # never the file that is replaced
        fcntl.flock(lock, fcntl.LOCK_EX)
        return buy_and_replace()


def buy_with_filelock():
    with FileLock("data.lock"):
        return buy_and_replace()
