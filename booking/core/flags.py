"""The flags of a sale: how the command line gives each field of a scenario.

They are apart from the model of a scenario, so that `--help` and shell completion need not import
it. A test holds the two together: each flag is a field, with its type and its default.
"""

from __future__ import annotations

from typing import NamedTuple


class Flag(NamedTuple):
    """How the command line gives a field; its name is the field's, with hyphens."""

    help: str
    metavar: str | None = None  # of the value; None: the flag takes none
    both_ways: bool = False  # `--no-NAME` too
    joined: bool = False  # written `--NAME=VALUE`, because the value may be left out
    integer: bool = False
    completed_by: str | None = None  # what a shell offers: a kind of variant, or of value


ARRIVALS = ("together", "serial", "poisson:")
START_METHODS = ("fork", "spawn", "forkserver")  # a system may have fewer

FLAGS = {
    "store": Flag("json, json:data.json, memory, module:Class …", "URL", completed_by="store"),
    "guard": Flag("How one order is carried out: none, lock …", "NAME", completed_by="guard"),
    "lock": Flag(
        "Guard lock, with that lock; alone: the default lock.", "[=NAME]", joined=True,
        completed_by="lock",
    ),
    "buyers": Flag("Buyer processes.  [default: 10]", "N", integer=True),
    "tickets": Flag("Tickets at the start.  [default: 3]", "N", integer=True),
    "quantity": Flag("Tickets an order.  [default: 1]", "N", integer=True),
    "until_sold_out": Flag("Buy again and again instead of once."),
    "buy_for": Flag("Buy again and again for this time.", "TIME"),
    "delay": Flag(
        "Network between read and check: 10ms..30ms, 1s, 0ms.  [default: 10ms..30ms]", "SPAN"
    ),
    "arrival": Flag("together, serial or poisson:RATE (a second).", "HOW", completed_by="arrival"),
    "start_method": Flag("fork, spawn or forkserver.", "NAME", completed_by="start method"),
    "behaviour": Flag(
        "What each buyer does: search-then-buy, module:name …", "NAME", completed_by="behaviour"
    ),
    "search": Flag("Look before buying.", both_ways=True),
    "daemon": Flag("Buyers end when the harness leaves.", both_ways=True),
    "close_after": Flag("The harness leaves after this time.", "TIME"),
    "seed": Flag("Delays and arrivals follow from it.", "N", integer=True),
    "timeout": Flag("No step for so long: it hangs.  [default: 10s]", "TIME"),
    "acquire_timeout": Flag("How long to wait for a lock.", "TIME"),
    "durable": Flag("On disk before a buyer hears 'sold'."),
    "control": Flag("Follow a guarded sale by one without.", both_ways=True),
}  # fmt: skip
