"""One purchase function under frontrun: `module function check buyers execution`; prints JSON.

Written as frontrun's documentation has it. A sale is marked by a file of its own name, so that
threads and processes alike can be counted.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import tempfile
import time
import uuid

import frontrun

SECONDS_MAX = 20.0
MODULE, FUNCTION, CHECK, BUYERS, EXECUTION = sys.argv[1:6]
FOLDER = os.environ.setdefault("SOLD", tempfile.mkdtemp())


def setup():
    shop = importlib.import_module(MODULE)
    for name in os.listdir(FOLDER):
        os.remove(os.path.join(FOLDER, name))
    shop.setup()
    return FOLDER


def buy(folder, number):
    function = getattr(importlib.import_module(MODULE), FUNCTION)
    parameters = inspect.signature(function).parameters.values()
    answer = function(*[number for one in parameters if one.default is one.empty])
    if answer:
        with open(os.path.join(folder, f"{answer}-{uuid.uuid4()}"), "x"):
            pass


def sound(folder):
    shop = importlib.import_module(MODULE)
    sold = [name.rpartition("-")[0][:9] for name in os.listdir(folder)]
    left = getattr(shop, CHECK)()
    if CHECK == "seats_left":
        return len(sold) + left == 2
    return len(sold) + left == int(os.environ["TICKETS"])


def main():
    importlib.import_module(MODULE)
    began_s = time.perf_counter()
    workers = [lambda folder, at=at: buy(folder, at) for at in range(int(BUYERS))]
    more = {"reuse_workers": True} if EXECUTION == "process" else {"reproduce_on_failure": 0}
    try:
        found = frontrun.explore(
            setup=setup, workers=workers, invariant=sound, execution=EXECUTION,
            preemption_bound=None, total_timeout=SECONDS_MAX, **more,
        )  # fmt: skip
    except Exception as error:
        told = {
            "verdict": f"raised {type(error).__name__}",
            "executions": None,
            "error": str(error),
        }
    else:
        verdict = {True: "holds", False: "race found", None: "inconclusive"}[found.property_holds]
        told = {"verdict": verdict, "executions": found.num_explored,
                "exhausted": getattr(found, "exhausted", None),
                "said": str(found.explanation)[:400]}  # fmt: skip
    told["elapsed_s"] = time.perf_counter() - began_s
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
