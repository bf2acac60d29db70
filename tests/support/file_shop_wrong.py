"""Purchase functions over files that sell a ticket twice, or lose one: the ways of people."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from tests.support.file_shop import (
    DATA,
    ledger_left,
    left,
    naive,
    put,
    replaced,
    seats_left,
    thread_lock,
)

OTHER = "other.json"


def naive_by_pathlib() -> bool:
    stock = json.loads(Path(DATA).read_text())["left"]
    if stock < 1:
        return False
    Path(DATA).write_text(json.dumps({"left": stock - 1}))
    return True


def naive_by_descriptors() -> bool:
    fd = os.open(DATA, os.O_RDWR)
    try:
        stock = json.loads(os.pread(fd, 100, 0))["left"]
        if stock < 1:
            return False
        text = json.dumps({"left": stock - 1}).encode()
        os.pwrite(fd, text, 0)
        os.ftruncate(fd, len(text))
        return True
    finally:
        os.close(fd)


def replaced_by_tempfile() -> bool:
    stock = left()
    if stock < 1:
        return False
    with tempfile.NamedTemporaryFile("w", dir=".", delete=False) as file:
        json.dump({"left": stock - 1}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, DATA)
    return True


def copied() -> bool:
    """Work on a copy, and move it back."""
    shutil.copyfile(DATA, "own.tmp")
    stock = json.loads(Path("own.tmp").read_text())["left"]
    if stock < 1:
        return False
    Path("own.tmp").write_text(json.dumps({"left": stock - 1}))
    shutil.move("own.tmp", DATA)
    return True


def locks_the_file_that_is_replaced() -> bool:
    with open(DATA) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        stock = json.load(file)["left"]
        if stock < 1:
            return False
        put(stock - 1)
    return True


def reads_before_the_lock() -> bool:
    stock = left()
    with open("shop.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stock < 1:
            return False
        put(stock - 1)
    return True


def thread_locked() -> bool:
    with thread_lock:
        return replaced()


def shared_locked() -> bool:
    with open("shop.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        return replaced()


def upgraded() -> bool:
    """Exchange a shared lock for an exclusive one: it is lost in between."""
    with open("shop.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        stock = left()
        if stock < 1:
            return False
        fcntl.flock(lock, fcntl.LOCK_EX)
        put(stock - 1)
    return True


def looks_for_a_marker() -> bool:
    """Look whether the lock file is there, and make it: two steps."""
    while os.path.exists("marker"):
        time.sleep(0.01)
    Path("marker").write_text("")
    try:
        return replaced()
    finally:
        with suppress(FileNotFoundError):
            os.unlink("marker")


def removes_the_lock_file() -> bool:
    """Unlink the lock file while it is locked: the next buyer locks another one."""
    with open("shop.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sold = replaced()
        with suppress(FileNotFoundError):
            os.unlink("shop.lock")
        return sold


def writes_behind_the_lock() -> bool:
    """Let the file be closed, and so written, when the lock is given back already."""
    with FileLock("shop.lock"):
        stock = left()
        if stock < 1:
            return False
        file = open(DATA, "r+")  # noqa: SIM115 - the mistake
        file.write(json.dumps({"left": stock - 1}))
    file.close()
    return True


def counts_the_ledger() -> bool:
    if ledger_left() < 1:
        return False
    with open("ledger.txt", "a") as file:
        file.write("sold\n")
    return True


def counts_the_seats(buyer: int) -> bool:
    """List a folder, and make a file in it that only this buyer makes."""
    if seats_left() < 1:
        return False
    Path(f"seats/{buyer}").touch()
    return True


def by_two_names(buyer: int) -> bool:
    """One buyer writes through a hard link of the file."""
    if buyer:
        os.link(DATA, OTHER)
    return _written_in_place(OTHER if buyer else DATA)


def by_a_link(buyer: int) -> bool:
    """One buyer writes through a symbolic link."""
    if buyer:
        os.symlink(DATA, OTHER)
    return _written_in_place(OTHER if buyer else DATA)


def _written_in_place(name: str) -> bool:
    with open(name) as file:
        stock = json.load(file)["left"]
    if stock < 1:
        return False
    with open(name, "r+") as file:
        file.write(json.dumps({"left": stock - 1}))
    return True


def looks_without_the_lock() -> bool:
    """Take a file that cannot be read for one without tickets."""
    try:
        if left() < 1:
            return False
    except ValueError:
        return False
    with open("shop.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return naive()


def replaces_too_early() -> bool:
    """Put a file in its place that is not written yet, where buyers look without the lock."""
    try:
        if left() < 1:
            return False
    except ValueError:
        return False
    with open("shop.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stock = left()
        if stock < 1:
            return False
        with open("data.json.new", "w") as file:
            json.dump({"left": stock - 1}, file)
            os.replace("data.json.new", DATA)
    return True


def two_locks(buyer: int) -> bool:
    """Take two locks, each buyer in another order."""
    with FileLock(f"{buyer % 2}.lock"), FileLock(f"{1 - buyer % 2}.lock"):
        return replaced()


def two_flocks(buyer: int) -> bool:
    with open(f"{buyer % 2}.lock", "a") as one, open(f"{1 - buyer % 2}.lock", "a") as other:
        fcntl.flock(one, fcntl.LOCK_EX)
        fcntl.flock(other, fcntl.LOCK_EX)
        return replaced()
