"""`search`, `buy`, `reset`: use a store by hand, as one buyer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from booking.cli.options import json_option, warn_of_torn_writes
from booking.cli.sale_options import SaleCommand, scenario_option

if TYPE_CHECKING:
    from booking.core.protocols import Reply

store_option = scenario_option("store", required=True, help="Where the tickets are: json:data.json")


@click.command(epilog="Example: booking search --store json:data.json")
@store_option
@json_option
def search(store: str, as_json: bool) -> int:
    """Look how many tickets a store has left."""
    from booking.core.redaction import redacted
    from booking.experiments.by_hand import count
    from booking.report import documents
    from booking.report.terminal.store import show_count

    remaining = count(store)
    if as_json:
        documents.show({"store": redacted(store), "remaining": remaining})
    else:
        show_count(remaining)
    return 0


@click.command(
    cls=SaleCommand, epilog="Example: booking buy --store json:data.json --buyer anna --quantity 2"
)
@store_option
@click.option("--buyer", metavar="NAME", default="you", help="Who buys, for the answer.")
@scenario_option("quantity", default=1, help="How many tickets.")
@scenario_option("guard", help="How the order is carried out.  [default: atomic or lock]")
@scenario_option("lock", help="Which lock guards it.")
@scenario_option("acquire_timeout")
@scenario_option("durable")
@json_option
def buy(
    store: str,
    buyer: str,
    quantity: int,
    guard: str | None,
    lock: str | None,
    acquire_timeout: str | None,
    durable: bool,
    as_json: bool,
) -> int:
    """Buy from a store, as one buyer among those of other programs.

    Exit code 1 when there are not enough tickets left.
    """
    from booking.core.catalogue import usual_guard
    from booking.core.scenario import from_flags
    from booking.errors import InventoryError
    from booking.experiments.by_hand import sell_one
    from booking.report.terminal.store import answer_of

    flags = {"store": store, "guard": guard, "lock": lock, "acquire_timeout": acquire_timeout}
    given = {key: value for key, value in flags.items() if value is not None}
    if "guard" not in given and "lock" not in given:
        given["guard"] = usual_guard(store)
    scenario = from_flags({**given, "durable": durable, "quantity": quantity, "buyers": 1})
    warn_of_torn_writes(scenario)
    reply = sell_one(scenario)
    try:
        _show(reply, store, buyer, quantity, as_json=as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:  # what happened must not be lost with the answer
        problem = (error.strerror or str(error)).lower()
        raise InventoryError(
            f"{answer_of(buyer, quantity, reply)}, and that could not be written: {problem}"
        ) from None
    return 0 if reply.type == "ok" else 1


def _show(reply: Reply, store: str, buyer: str, quantity: int, *, as_json: bool) -> None:
    from booking.core.redaction import redacted
    from booking.report import documents
    from booking.report.terminal.store import show_reply

    if as_json:
        answer = {"buyer": buyer, "type": reply.type, "ticket": reply.ticket, "error": reply.error}
        documents.show({"store": redacted(store), "quantity": quantity, **answer})
    else:
        show_reply(buyer, quantity, reply)


@click.command(epilog="Example: booking reset --store json:data.json --tickets 3")
@store_option
@scenario_option("tickets", required=True, help="How many there shall be.")
def reset(store: str, tickets: int) -> int:
    """Put tickets into a store; a missing file is created, its other keys are kept."""
    from booking.core.scenario import from_flags
    from booking.experiments.by_hand import restock
    from booking.report.terminal.store import show_stock

    scenario = from_flags({"store": store, "tickets": tickets})
    warn_of_torn_writes(scenario)
    restock(scenario)
    show_stock(tickets)
    return 0
