"""The tutorial's purchase under frontrun, run by its own launcher; prints a JSON line a sale.

Written as frontrun's documentation has it: a setup, a worker, an invariant, `explore`.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import tempfile
import threading
import time

import frontrun

SECONDS_MAX = 20.0


class Sale:
    def __init__(self, path: str) -> None:
        self.path = path
        self.remaining = 1
        self.sold: list[int] = []
        self.mutex = threading.Lock()
        with open(path, "w") as file:
            json.dump({"ticket_num": 1}, file)


def variable(sale: Sale) -> None:
    remaining = sale.remaining
    if remaining >= 1:
        sale.remaining = remaining - 1
        sale.sold.append(remaining)


def rewritten(sale: Sale) -> None:
    with open(sale.path) as file:
        remaining = json.load(file)["ticket_num"]
    if remaining >= 1:
        with open(sale.path, "w") as file:
            json.dump({"ticket_num": remaining - 1}, file)
        sale.sold.append(remaining)


def replaced(sale: Sale) -> None:
    with open(sale.path) as file:
        remaining = json.load(file)["ticket_num"]
    if remaining >= 1:
        fresh = f"{sale.path}.{threading.get_ident()}"
        with open(fresh, "w") as file:
            json.dump({"ticket_num": remaining - 1}, file)
        os.replace(fresh, sale.path)
        sale.sold.append(remaining)


def with_mutex(purchase):
    def guarded(sale: Sale) -> None:
        with sale.mutex:
            purchase(sale)

    return guarded


def with_flock(purchase):
    def guarded(sale: Sale) -> None:
        fd = os.open(sale.path + ".lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            purchase(sale)
        finally:
            os.close(fd)

    return guarded


PURCHASES = {"memory-shared": variable, "json-inplace": rewritten, "json": replaced}
LOCKS = {"none": lambda purchase: purchase, "mutex": with_mutex, "flock": with_flock}


def measure(store: str, lock: str, buyers: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "data.json")
        began_s = time.perf_counter()
        try:
            found = frontrun.explore(
                setup=lambda: Sale(path),
                workers=LOCKS[lock](PURCHASES[store]),
                count=buyers,
                invariant=lambda sale: len(sale.sold) <= 1,
                preemption_bound=None,
                total_timeout=SECONDS_MAX,
                reproduce_on_failure=0,
            )
        except Exception as error:
            return {"verdict": f"raised {type(error).__name__}", "executions": None,
                    "elapsed_s": time.perf_counter() - began_s}  # fmt: skip
    verdict = {True: "holds", False: "race found", None: "inconclusive"}[found.property_holds]
    return {"verdict": verdict, "executions": found.num_explored,
            "elapsed_s": time.perf_counter() - began_s}  # fmt: skip


if __name__ == "__main__":
    measure("memory-shared", "none", 2)  # warm up
    for sale in json.loads(sys.argv[1]):
        print(json.dumps(measure(*sale)), flush=True)
