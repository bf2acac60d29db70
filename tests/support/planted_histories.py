"""One small sale for each anomaly, with that fault planted in it, and one that is sound.

`python -m tests.support.planted_histories` writes them to tests/data/histories/ anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace

from booking.history.model import Event, History, SaleEnd, Wait, dump
from tests.support.histories import history_of

FOLDER = Path(__file__).parents[1] / "data" / "histories"
JSON = "data.json"
LOCK = "data.json.lock"


def buy(who, begin, end, ticket=None, quantity=1):
    return (who, "buy", begin, end, "ok", ticket, quantity, None)


def search(who, begin, end, count):
    return (who, "search", begin, end, "ok", count, 1, None)


def fails(who, begin, end, error="sold-out", f="buy", quantity=1):
    return (who, f, begin, end, "fail", None, quantity, error)


def dies(who, begin, quantity=1):
    return (who, "buy", begin, None, "info", None, quantity, None)


def step(who, time, action, resource=JSON, value=None, saw=None):
    return Event(0, who, "step", action, value, time, resource=resource, saw=saw)


def both_read_three():
    """Buyers 1 and 4 read 3 before either wrote: the tutorial's race."""
    ops = [buy(1, 0, 40, 3), buy(4, 5, 50, 3)]
    steps = [
        step(1, 1, "read", saw=3),
        step(4, 6, "read", saw=3),
        step(1, 30, "replace", value=2),
        step(4, 35, "replace", value=2),
    ]
    return ops, steps


def planted() -> dict[str, tuple[History, set[str]]]:
    """Give each history and the names that must be found in it, exactly."""
    raced, race = both_read_three()
    made: dict[str, tuple[History, set[str]]] = {
        "valid": (
            history_of(
                [search(0, 0, 5, 3), buy(1, 1, 10, 3), buy(2, 2, 12), dies(3, 3),
                 search(0, 20, 25, 0), fails(4, 26, 30), search(4, 31, 35, 0)], 3, 0,
            ),
            set(),
        ),
        "lost-explained": (history_of([buy(1, 0, 5, 2), dies(2, 1)], 2, 0), set()),
        "oversell": (
            history_of([buy(1, 0, 10), buy(2, 1, 11), buy(3, 2, 12), buy(4, 3, 13)], 3),
            {"oversell"},
        ),
        "lost-update": (
            history_of([buy(1, 0, 10), buy(2, 1, 11)], 3, 2, [
                step(1, 1, "read", saw=3), step(2, 2, "read", saw=3),
                step(1, 8, "replace", value=2), step(2, 9, "replace", value=2),
            ]),
            {"lost-update"},
        ),
        "double-sold": (history_of(raced, 3, 2, race), {"oversell", "double-sold", "lost-update"}),
        "torn-read": (
            history_of([buy(1, 0, 40, 3), fails(4, 10, 30, "torn-read", "search")], 3, 2, [
                step(1, 1, "acquire", LOCK, saw=1), step(1, 2, "read", saw=3),
                step(1, 3, "truncate"), step(4, 12, "read"), step(1, 33, "write", value=2),
                step(1, 36, "release", LOCK),
            ]),
            {"torn-read"},
        ),
        "negative-stock": (
            history_of([buy(1, 0, 10), buy(2, 0, 11), search(3, 20, 21, -1)], 1, -1),
            {"negative-stock", "oversell"},
        ),
        "phantom-sold-out": (
            history_of([buy(1, 0, 10), fails(2, 20, 30), buy(3, 40, 50)], 2, 0),
            {"phantom-sold-out"},
        ),
        "undersell": (
            history_of([buy(1, 0, 10, 2), fails(2, 1, 30)], 2, 1),
            {"undersell", "phantom-sold-out"},
        ),
        "lost-ticket": (history_of([buy(1, 0, 10, 3), buy(2, 20, 30, 1)], 3, 0), {"lost-ticket"}),
        "stale-read": (
            history_of([buy(1, 0, 10, 3), search(2, 20, 30, 3), search(3, 40, 50, 2)], 3, 2),
            {"stale-read"},
        ),
        "stale-lock": (
            history_of(
                [dies(1, 0), fails(2, 5, 90, "lock-timeout"), fails(3, 6, 91, "lock-timeout")],
                1, 0,
                [step(1, 1, "acquire", LOCK, saw=1), step(1, 2, "read", saw=1),
                 step(2, 6, "acquire", LOCK, saw=0), step(3, 7, "acquire", LOCK, saw=0)],
                end=SaleEnd(crashed={1: "SIGKILL"}),
            ),
            {"stale-lock"},
        ),
        "unlock-before-write": (
            history_of([buy(1, 0, 40, 3), buy(4, 5, 60, 3)], 3, 2, [
                step(1, 1, "acquire", LOCK, saw=1), step(1, 2, "read", saw=3),
                step(4, 6, "acquire", LOCK, saw=1), step(1, 5, "release", LOCK),
                step(4, 8, "read", saw=3), step(1, 30, "replace", value=2),
                step(4, 50, "replace", value=2), step(4, 55, "release", LOCK),
            ]),
            {"oversell", "double-sold", "lost-update", "unlock-before-write"},
        ),
        "hang": (
            history_of([dies(1, 0), dies(2, 1)], 3, 3, [
                step(1, 2, "acquire", "a.lock", saw=1), step(2, 3, "acquire", "b.lock", saw=1),
                step(1, 4, "acquire", "b.lock"), step(2, 5, "acquire", "a.lock"),
            ], end=SaleEnd(hung=[1, 2], crashed={}, waits=[
                Wait(1, "acquire", "b.lock", 2), Wait(2, "acquire", "a.lock", 1),
            ])),
            {"hang"},
        ),
        "starvation": (
            history_of([buy(1, 10, 20), buy(1, 30, 40), buy(1, 50, 60),
                        fails(2, 0, 90, "lock-timeout")], 3, None),
            {"starvation"},
        ),
        "fenced-out-write": (
            history_of([buy(1, 0, 90, 3), buy(2, 30, 60, 3)], 3, 2, [
                step(1, 1, "acquire", LOCK, saw=1), step(1, 2, "read", saw=3),
                step(2, 31, "acquire", LOCK, saw=1), step(2, 40, "read", saw=3),
                step(2, 45, "replace", value=2), step(2, 50, "release", LOCK),
                step(1, 80, "replace", value=2), step(1, 85, "release", LOCK),
            ]),
            {"oversell", "double-sold", "lost-update", "fenced-out-write"},
        ),
        "not-linearizable": (
            history_of([buy(1, 0, 10), search(2, 20, 30, 7)], 3, 2),
            {"not-linearizable"},
        ),
    }  # fmt: skip
    made["duplicate-purchase"] = (_with_intent(), {"duplicate-purchase"})
    made["several-inventories"] = (_keyed(), {"stale-read"})
    return made


def _with_intent() -> History:
    """The reply to buyer 1's order was lost; it asked again, and both were carried out."""
    ops = [("ok", 0, 10, 3), ("ok", 20, 30, 2)]
    events = []
    for kind, begin, end, ticket in ops:
        at = len(events)
        events.append(Event(at, 1, "invoke", "buy", None, begin, intent="order-17"))
        events.append(Event(at + 1, 1, kind, "buy", ticket, end))
    return History(3, 1, events)


def _keyed() -> History:
    """Balcony is fine, stalls has a stale search; the buyers are the same."""
    events = []
    rows = [("stalls", "buy", 0, 5, 1, 2), ("balcony", "buy", 6, 9, 1, 2),
            ("stalls", "search", 10, 12, 2, 2), ("balcony", "search", 13, 14, 2, 1)]  # fmt: skip
    for key, f, begin, end, who, value in rows:
        at = len(events)
        events.append(Event(at, who, "invoke", f, None, begin, key=key))
        events.append(Event(at + 1, who, "ok", f, value, end))
    sale = {"inventories": {"stalls": 2, "balcony": 2}}
    return History(None, None, events, sale, SaleEnd(inventories={"stalls": 1, "balcony": 1}))


def write() -> None:
    """Write every history, and beside them what is expected."""
    FOLDER.mkdir(exist_ok=True)
    expected = {}
    for name, (history, names) in planted().items():
        history.events = [replace(event, index=n) for n, event in enumerate(history.events, 1)]
        dump(history, FOLDER / f"{name}.jsonl")
        expected[f"{name}.jsonl"] = {
            "verdict": "invalid" if names else "valid",
            "anomalies": sorted(names),
        }
    counter = "jepsen-counter.edn"
    flags = ["--buy", "add", "--observe", "read", "--counting", "up", "--tickets", "4"]
    expected[counter] = {"verdict": "invalid", "anomalies": ["stale-read"], "flags": flags}
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


if __name__ == "__main__":
    write()
