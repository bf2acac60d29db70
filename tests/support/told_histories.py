"""Some fifty small histories, and the flags of `booking check`: what people read of each is golden.

`tests/data/golden/check/` has the history and the whole output of each. Read a file by hand: is it
true, is it plain English, does it say what to do?
"""

from __future__ import annotations

from dataclasses import dataclass

from booking.history.model import Event, History, SaleEnd
from tests.support.histories import history_of
from tests.support.planted_histories import buy, dies, fails, planted, search

SEATS = ("--numbers", "seat")
UP = ("--counting", "up")
ADDS = ("--buy", "add", "--observe", "read", *UP)


@dataclass(frozen=True)
class Told:
    """A history and the flags; `framed`: its file has the lines `sale` and `end`."""

    history: History
    flags: tuple[str, ...] = ()
    framed: bool = True


def attempt(who, begin, end, kind="ok", value=None, intent="order-17", error=None, quantity=1):
    """Return the events of one attempt at an intent."""
    events = [Event(0, who, "invoke", "buy", None, begin, quantity=quantity, intent=intent)]
    if end is not None:
        events.append(Event(0, who, kind, "buy", value, end, error, quantity))
    return events


def refund(who, begin, end, quantity=1):
    return (who, "refund", begin, end, "ok", None, quantity, None)


def seat(who, begin, end, name):
    return (who, "buy", begin, end, "ok", name, 1, None)


def back(who, begin, end, name):
    return (who, "refund", begin, end, "ok", name, 1, None)


def of(*ops, tickets=3, remaining=None, **more):
    return history_of(list(ops), tickets, remaining, **more)


def attempts(*groups, tickets=3, remaining=None):
    events = sorted((e for group in groups for e in group), key=lambda e: e.time)
    return History(tickets, remaining, events)


def read_at(begin, end, count, who=9):
    events = [Event(0, who, "invoke", "search", None, begin)]
    return [*events, Event(0, who, "ok", "search", count, end)]


def renamed(history: History, names: dict[str, str]) -> History:
    """Return the history as another tool names its operations."""
    history.events = [
        Event(e.index, e.process, e.type, names.get(e.f, e.f), e.value, e.time, e.error, e.quantity)
        for e in history.events
    ]
    return history


def told() -> dict[str, Told]:
    """Return the histories by name: what is planted, and each other way to be wrong or unknown."""
    made = {f"planted-{name}": Told(history) for name, (history, _) in planted().items()}
    made |= _proofs() | _purchases() | _others() | _undecided()
    return made


def _proofs() -> dict[str, Told]:
    """Each kind of certificate, and who is at fault."""
    return {
        "oversell-of-one": Told(of(buy(1, 1, 2), buy(2, 3, 4), tickets=1)),
        "oversell-stops-at-0": Told(of(buy(1, 1, 2), buy(2, 3, 4), tickets=1, remaining=0)),
        "oversell-many": Told(of(*[buy(n, 1, 2) for n in range(30)], tickets=24, remaining=0)),
        "oversell-quantities": Told(of(buy(1, 1, 2, None, 2), buy(2, 1, 2, None, 3), tickets=4)),
        "oversell-by-number": Told(of(buy(1, 1, 2, 1, 2), tickets=4)),
        "lost-update-plain": Told(of(buy(1, 1, 2), buy(2, 3, 4), remaining=2)),
        "lost-update-before-0": Told(
            of(buy(1, 1, 2), buy(2, 3, 4), search(9, 5, 6, 2), buy(3, 7, 8), buy(4, 9, 10),
               remaining=0),
        ),
        "lost-update-by-a-search": Told(of(buy(1, 1, 2), search(9, 5, 6, 3))),
        "lost-ticket-by-the-end": Told(of(buy(1, 1, 2), dies(2, 3), remaining=0)),
        "lost-ticket-one": Told(of(search(1, 1, 2, 1), tickets=1, remaining=0)),
        "lost-ticket-by-a-search": Told(of(buy(1, 1, 2), search(9, 5, 6, 1))),
        "rose": Told(of(search(1, 1, 2, 1), buy(3, 0, 9), buy(4, 0, 9), search(2, 4, 5, 2))),
        "stale-read-overfull": Told(of(buy(1, 1, 2), buy(2, 3, 4), search(9, 5, 6, 2),
                                       buy(3, 7, 8), remaining=0)),
        "search-saw-too-few": Told(of(search(1, 1, 2, 1), search(2, 3, 4, 3), remaining=3)),
        "search-out-of-range": Told(of(search(1, 1, 2, 7))),
        "search-of-the-wrong-unit": Told(
            of(buy(1, 1, 2, None, 2), search(9, 3, 4, 3), buy(2, 5, 6, None, 2), tickets=4)
        ),
        "numbers-out-of-order": Told(of(buy(1, 1, 2, 2), buy(2, 3, 4, 3))),
        "number-out-of-range": Told(of(buy(1, 1, 2, 9))),
        "end-out-of-range": Told(of(buy(1, 1, 2), remaining=5)),
        "end-negative": Told(of(buy(1, 1, 2), tickets=1, remaining=-1)),
        "sold-out-too-early-for-two": Told(
            of(fails(1, 1, 2, quantity=2), fails(2, 3, 4), buy(3, 5, 6), remaining=2)
        ),
        "sold-out-before-anything": Told(of(fails(1, 1, 2), buy(3, 5, 6))),
    }  # fmt: skip


def _purchases() -> dict[str, Told]:
    """Intents: replays, duplicates, and what cannot be told."""
    return {
        "replay": Told(attempts(attempt(1, 1, 2, "ok", 3), attempt(1, 3, 4, "ok", 3), remaining=2)),
        "duplicate-by-the-end": Told(
            attempts(attempt(1, 1, 2, "info"), attempt(1, 3, 4, "ok", 3), remaining=1)
        ),
        "duplicate-by-a-number": Told(attempts(attempt(1, 1, None), attempt(2, 3, 4, "ok", 2))),
        "duplicate-by-a-search": Told(
            attempts(attempt(1, 1, 2), attempt(1, 3, 4), read_at(5, 6, 1))
        ),
        "duplicate-one-of-two": Told(
            attempts(
                attempt(1, 1, 2, "info"), attempt(1, 3, 4), attempt(2, 1, 2, "info", None, "b"),
                attempt(2, 3, 4, "ok", None, "b"), remaining=0,
            )
        ),
        "unknown-how-often": Told(attempts(attempt(1, 1, 2), attempt(1, 3, 4))),
        "unknown-which-quantity": Told(
            attempts(attempt(1, 1, 2), attempt(1, 3, 4, quantity=2), remaining=1)
        ),
    }  # fmt: skip


def _others() -> dict[str, Told]:
    """Other tools' names and numbers, keys, seats and refunds."""
    up = renamed(of(buy(1, 1, 2), search(2, 3, 4, 0)), {"buy": "add", "search": "read"})
    fell = renamed(of(search(1, 1, 2, 2), search(2, 3, 4, 1)), {"search": "read", "buy": "add"})
    after = of(buy(1, 1, 2, 2), buy(2, 3, 4, 2))
    keyed = planted()["several-inventories"][0]
    return {
        "counting-up": Told(up, (*ADDS, "--tickets", "3"), framed=False),
        "counting-up-fell": Told(fell, (*ADDS, "--tickets", "3"), framed=False),
        "counting-up-end": Told(
            renamed(of(buy(1, 1, 2)), {"buy": "add"}),
            (*ADDS, "--tickets", "3", "--remaining", "2"),
            framed=False,
        ),
        "numbers-after": Told(after, ("--numbers", "after")),
        "seats": Told(of(buy(1, 1, 2, 7), buy(2, 3, 4, 7), tickets=9), SEATS),
        "remaining-given": Told(
            of(buy(1, 1, 2)), ("--tickets", "3", "--remaining", "0"), framed=False
        ),
        "remaining-given-and-no-order": Told(
            of(fails(1, 1, 2, "busy")), ("--tickets", "3", "--remaining", "1"), framed=False
        ),
        "keyed": Told(keyed),
        "refund-valid": Told(of(buy(1, 1, 2), refund(1, 3, 4), buy(2, 5, 6), tickets=1)),
        "seat-given-back-and-sold-again": Told(
            of(seat(1, 1, 2, "A-1"), back(1, 3, 4, "A-1"), seat(2, 5, 6, "A-1")), SEATS
        ),
        "seat-held-by-two": Told(
            of(
                seat(1, 1, 2, "A-1"),
                back(1, 3, 4, "A-1"),
                seat(2, 5, 6, "A-1"),
                seat(3, 7, 8, "A-1"),
            ),
            SEATS,
        ),
        "seat-never-sold-came-back": Told(of(back(1, 3, 4, "A-1")), SEATS),
        "refund-too-many": Told(of(buy(1, 1, 2), refund(1, 3, 4), refund(2, 5, 6))),
        "refund-stale-read": Told(
            of(buy(1, 1, 2), search(9, 3, 4, 3), buy(2, 5, 6), refund(2, 7, 8), remaining=2)
        ),
        "refund-lost-update": Told(
            of(buy(1, 1, 2), buy(2, 3, 4), refund(1, 5, 6), tickets=3, remaining=3)
        ),
        "refund-lost-ticket": Told(of(buy(1, 1, 2), refund(1, 3, 4), remaining=1)),
        "refund-phantom-sold-out": Told(
            of(buy(1, 1, 2), fails(2, 3, 4), refund(1, 5, 6), remaining=3)
        ),
        "refund-number-twice": Told(
            of(buy(1, 1, 2, 3), buy(2, 3, 4, 3), buy(3, 5, 6), refund(3, 7, 8))
        ),
        "refund-negative": Told(
            of(buy(1, 1, 2), buy(2, 1, 2), refund(1, 3, 4), tickets=1, remaining=-1)
        ),
        "refund-stops-at-0": Told(
            of(refund(9, 1, 2), buy(1, 3, 4), buy(2, 3, 4), buy(3, 3, 4), tickets=1, remaining=0)
        ),
        "quantities-stop-at-0": Told(
            of(buy(1, 1, 2, None, 2), buy(2, 3, 4, None, 3), tickets=4, remaining=0)
        ),
        "quantities-no-order": Told(
            of(buy(1, 1, 9, None, 2), buy(2, 1, 9, None, 4), search(3, 1, 9, 5), tickets=10)
        ),
        "refund-oversell": Told(
            of(buy(1, 1, 2), buy(2, 3, 4), refund(1, 5, 6), tickets=1, remaining=0)
        ),
    }


def _undecided() -> dict[str, Told]:
    """Reasons of `unknown`, and what `valid` rests on."""
    return {
        "nothing-answered": Told(of(dies(1, 1), dies(2, 2), remaining=1)),
        "all-failed": Told(of(fails(1, 1, 2, "lock-timeout"), fails(2, 1, 2, "busy"), remaining=3)),
        "one-failed": Told(of(buy(1, 1, 2), fails(2, 1, 2, "lock-timeout"), remaining=2)),
        "no-operation": Told(of(tickets=2, remaining=2)),
        "cut-budget": Told(
            of(*[dies(n, 0, (50 + 7 * n * n % 49) * 10**7) for n in range(20)],
               dies(50, 0, 3), search(60, 1, 2, 10**10 - 13), tickets=2 * 10**10),
            ("--states", "500"),
        ),
        "died-and-hung": Told(
            of(dies(1, 1), buy(2, 2, 3), end=SaleEnd(hung=[1], crashed={}), remaining=2)
        ),
    }  # fmt: skip
