"""Purchase functions over files that announce nothing: right ways, and the wrong ways of people.

The files are in the current folder. `TICKETS` may be another number.
"""

from __future__ import annotations

import dbm.dumb
import fcntl
import json
import mmap
import multiprocessing
import os
import posix
import shelve
import shutil
import sqlite3
import struct
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

DATA = "data.json"
TICKETS = int(os.environ.get("TICKETS", "1"))
MADE = (
    "ledger.txt", "own.tmp", "current", "other.json", "seats", "buy.log",
    "shelf", "shelf.dat", "shelf.dir", "shelf.bak", "dumb.dat", "dumb.dir", "dumb.bak",
)  # fmt: skip
process_lock = multiprocessing.get_context("fork").Lock()
seats = multiprocessing.get_context("fork").Semaphore(1)
thread_lock = threading.Lock()
module_lock = FileLock("module.lock")
handle = open("handle.lock", "a")  # noqa: SIM115 - kept open, as a module does


def setup() -> None:
    for name in MADE:
        with suppress(FileNotFoundError):
            (shutil.rmtree if os.path.isdir(name) else os.unlink)(name)
    with open(DATA, "w") as file:
        json.dump({"left": TICKETS}, file)
    os.mkdir("seats")


def left() -> int:
    with open(DATA) as file:
        return int(json.load(file)["left"])


def ledger_left() -> int:
    """Count a sale for each line of the ledger."""
    try:
        return TICKETS - len(Path("ledger.txt").read_text().splitlines())
    except FileNotFoundError:
        return TICKETS


def seats_left() -> int:
    return TICKETS - len(os.listdir("seats"))


def put(stock: int) -> None:
    with open("data.json.new", "w") as file:
        json.dump({"left": stock}, file)
    os.replace("data.json.new", DATA)


# Wrong on their own; others sell by them under a lock.


def naive() -> bool:
    with open(DATA) as file:
        stock = json.load(file)["left"]
    if stock < 1:
        return False
    with open(DATA, "w") as file:
        json.dump({"left": stock - 1}, file)
    return True


def replaced() -> bool:
    stock = left()
    if stock < 1:
        return False
    put(stock - 1)
    return True


# Right ways.


def flocked() -> bool:
    with open("shop.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return replaced()


def flocked_in_place() -> bool:
    with open(DATA, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        stock = json.load(file)["left"]
        if stock < 1:
            return False
        file.seek(0)
        json.dump({"left": stock - 1}, file)
        file.truncate()
    return True


def flocked_by_a_handle() -> bool:
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        return replaced()
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)


def record_locked() -> bool:
    with open("shop.lock", "w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        return replaced()


def filelocked() -> bool:
    with FileLock("shop.lock"):
        return replaced()


def filelocked_by_the_module() -> bool:
    with module_lock:
        return replaced()


def filelocked_or_refused() -> bool:
    try:
        with FileLock("shop.lock", timeout=0):
            return replaced()
    except Timeout:
        raise RuntimeError("try again") from None


def soft_locked() -> bool:
    with SoftFileLock("soft.lock"):
        return replaced()


def process_locked() -> bool:
    with process_lock:
        return replaced()


def process_locked_in_place() -> bool:
    process_lock.acquire()
    try:
        return naive()
    finally:
        process_lock.release()


def marked() -> bool:
    """Make a lock file that must not be there, and poll."""
    while True:
        try:
            fd = os.open("sale.lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            break
        except FileExistsError:
            time.sleep(0.01)
    try:
        return replaced()
    finally:
        os.close(fd)
        os.unlink("sale.lock")


def marked_by_a_folder() -> bool:
    while True:
        try:
            os.mkdir("sale.folder")
            break
        except FileExistsError:
            time.sleep(0.01)
    try:
        return replaced()
    finally:
        os.rmdir("sale.folder")


def marked_by_a_link(buyer: int) -> bool:
    own = f"own.{buyer}"
    Path(own).write_text("")
    while True:
        try:
            os.link(own, "marker")
            break
        except FileExistsError:
            time.sleep(0.01)
    try:
        return replaced()
    finally:
        os.unlink("marker")
        os.unlink(own)


def takes_a_seat() -> str | None:
    """Make the first file of a seat that is not there: no lock is needed."""
    for number in range(TICKETS):
        try:
            with open(f"seats/{number}", "x"):
                return str(number)
        except FileExistsError:
            continue
    return None


def moves_a_ticket(buyer: int) -> bool:
    """Rename the ticket: one buyer alone can."""
    try:
        os.rename(DATA, f"seats/{buyer}")
    except FileNotFoundError:
        return False
    return True


def file_is_there() -> int:
    return int(os.path.exists(DATA))


def appended() -> bool:
    """Append first, then see whether it was in time."""
    mine = f"{os.getpid()}"
    with open("ledger.txt", "a") as file:
        file.write(f"{mine}\n")
    return mine in Path("ledger.txt").read_text().split()[:TICKETS]


def sold_of_the_ledger() -> int:
    """Count the sales that were in time."""
    return max(0, ledger_left())


def logged() -> bool:
    """Sell under a lock, and write a log that no buyer reads."""
    with FileLock("shop.lock"):
        sold = replaced()
    with open("buy.log", "a") as log:
        log.write("bought\n")
    return sold


def beside_a_database() -> bool:
    """Read a price from SQLite, and sell from a file under a lock."""
    with closing(sqlite3.connect(":memory:")) as line:
        line.execute("SELECT 10").fetchone()
    return filelocked()


def raises_inside() -> bool:
    """Leave the lock by an exception."""
    try:
        with FileLock("shop.lock"):
            if left() < 1:
                raise LookupError("sold out")
            put(left() - 1)
            return True
    except LookupError:
        return False


def looks_and_locks() -> bool:
    """Give the lock back at the end only: no `finally` does it."""
    if left() < 1:
        return False
    process_lock.acquire()
    sold = naive()
    process_lock.release()
    return sold


def looks_and_marks() -> bool:
    """Remove the lock file at the end only."""
    if left() < 1:
        return False
    while True:
        try:
            os.mkdir("sale.mark")
            break
        except FileExistsError:
            time.sleep(0.01)
    sold = replaced()
    os.rmdir("sale.mark")
    return sold


def locked_by_a_copy() -> bool:
    """Close the file that was locked: a copy of its descriptor keeps the lock."""
    with open("shop.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy = os.dup(lock.fileno())
    try:
        return replaced()
    finally:
        os.close(copy)


# What is not seen proves nothing.


def shelved() -> bool:
    """The module of the database is C code."""
    with shelve.open("shelf") as shelf:
        shelf["seen"] = 1
    return filelocked()


def dumb_database() -> bool:
    """A database in Python: its files are opened as any other."""
    with dbm.dumb.open("dumb", "c") as database:
        database["seen"] = b"1"
    return filelocked()


def mapped() -> bool:
    with open(DATA, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        assert memory[:1] == b"{"
    return filelocked()


def keeps_the_lock() -> bool:
    process_lock.acquire()
    return replaced()


def never_writes() -> bool:
    handle.write("sold\n")
    return filelocked()


def talks() -> bool:
    one, other = multiprocessing.Pipe()
    one.send(1)
    assert other.recv() == 1
    return filelocked()


def asks_for_a_time() -> bool:
    assert os.path.getmtime(DATA) > 0
    return filelocked()


def looks_at_a_time() -> bool:
    assert Path(DATA).stat().st_mtime_ns > 0
    return filelocked()


def locks_by_fcntl() -> bool:
    with open("shop.lock", "w") as lock:
        fcntl.fcntl(lock, fcntl.F_SETLK, fcntl_lock())
    return filelocked()


def fcntl_lock() -> bytes:
    return struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)


def talks_by_descriptors() -> bool:
    read, write = os.pipe()
    os.write(write, b"1")
    os.read(read, 1)
    os.close(read)
    os.close(write)
    return filelocked()


def opens_by_posix() -> bool:
    posix.close(posix.open(DATA, os.O_RDONLY))
    return filelocked()


def changes_the_library() -> bool:
    path = f"{os.path.dirname(os.__file__)}/sold.{os.getpid()}"
    try:
        Path(path).write_text("1")
    finally:
        os.unlink(path)
    return filelocked()


def never_dismissed() -> bool:
    """Write what is buffered when the file is closed, however the purchase ends."""
    with open("ledger.log", "a") as file:
        file.write("asked\n")
        sold = marked()
    return sold and Path("ledger.log").read_text().count("sold") == 0
