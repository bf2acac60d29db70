"""`booking explore`: every interleaving of a bounded sale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from booking.cli.options import choice, expect_option, json_option, memory_option
from booking.cli.sale_options import SaleCommand, scenario_option

if TYPE_CHECKING:
    from booking.core.counterexample import CounterexampleBuyer
    from booking.explorer.model import Limits

EPILOG = """\b
Examples:
  booking explore --buyers 10 --tickets 3
  booking explore --buyers 10 --tickets 3 --lock
  booking explore --quantity 1,2,1 --tickets 3
  booking explore --store json-inplace --buyers 3 --witness torn.json
  booking explore --behaviour shop:buy --setup shop:three_tickets --check shop:left
"""
BUYERS = 10
BUYERS_MAX = 200


@click.command(cls=SaleCommand, epilog=EPILOG)
@scenario_option("store", help="json, json-inplace, memory-shared, module:Class …")
@scenario_option("guard")
@scenario_option("lock")
@scenario_option("buyers", help=f"How many buyers.  [default: {BUYERS}]")
@scenario_option("tickets")
@scenario_option(
    "quantity", type=str, metavar="N[,N…]", help="Tickets an order, for all or for each buyer."
)
@click.option("--names", metavar="A,B,…", help="Named buyers: no two are interchangeable.")
@scenario_option(
    "search", help="Buyers look before they buy.  [default: only where a read may be torn]"
)
@scenario_option("acquire_timeout", help="Waiting for a lock may end: both ways.")
@click.option("--max-states", type=click.IntRange(1), metavar="N", help="[default: 200000]")
@click.option("--max-seconds", type=click.FloatRange(0), metavar="S", help="[default: 60]")
@click.option("--first", is_flag=True, help="Stop at the first anomaly: shortest, uncounted.")
@click.option(
    "--method", type=choice("auto", "graph", "reduced", "plain"), default="auto",
    help="States merged, classes of orders, or each order by itself.",
)  # fmt: skip
@click.option(
    "--witness", metavar="FILE", type=click.Path(path_type=Path), help="Write the counterexample."
)
@expect_option
@click.option("--behaviour", metavar="M:F", help="A purchase function, as it is.")
@click.option("--setup", metavar="M:F", help="Fills the inventory for it.")
@click.option("--check", "count", metavar="M:F", help="Returns how many tickets are left.")
@click.option("--invariant", metavar="M:F", help="Is true at the end of each execution.")
@click.option("--init", metavar="M:F", help="Is called once, before anything else.")
@click.option("--fresh", is_flag=True, help="New processes for each execution.")
@click.option(
    "--with",
    "servers",
    multiple=True,
    type=click.Choice(["postgres", "redis"]),
    help="A private server for it.",
)
@click.option(
    "--i-may-reset",
    "reset",
    metavar="DATABASE",
    multiple=True,
    help="Setup may empty this database, which is not private.",
)
@memory_option
@json_option
def explore(  # noqa: PLR0917 - click passes each by its name
    store: str | None,
    guard: str | None,
    lock: str | None,
    buyers: int | None,
    tickets: int | None,
    quantity: str | None,
    names: str | None,
    search: bool | None,
    acquire_timeout: str | None,
    max_states: int | None,
    max_seconds: float | None,
    first: bool,
    method: str,
    witness: Path | None,
    expect: str | None,
    as_json: bool,
    **functions: Any,
) -> int:
    """Try every interleaving of a sale: a proof, or the shortest counterexample.

    Runs the same store, lock and guard code as simulate, one step at a time. Exit code
    0: sound, and all of it explored; 1: an anomaly; 3: unknown, with the reason.

    With --behaviour, --setup and --check: every order of the statements of a purchase function
    that announces nothing.
    """
    if any(functions.values()):
        from booking.cli.explore_behaviour import run

        others = {
            "--store": store, "--guard": guard, "--lock": lock, "--tickets": tickets,
            "--quantity": quantity, "--names": names, "--search": search,
            "--acquire-timeout": acquire_timeout, "--max-states": max_states, "--expect": expect,
        }  # fmt: skip
        return run(
            functions, others, buyers=buyers, first=first, method=method, seconds=max_seconds,
            witness=witness, as_json=as_json,
        )  # fmt: skip
    from booking.core.assembly import explored_with_searches
    from booking.core.counterexample import save
    from booking.core.scenario import from_flags
    from booking.experiments.expectations import exploration_exit_code, named
    from booking.experiments.exploration import prove
    from booking.explorer.memory import states_that_fit
    from booking.explorer.model import SECONDS_MAX, Limits
    from booking.report import documents
    from booking.report.exploration_document import exploration_document
    from booking.report.terminal.exploration import show_proof
    from booking.report.terminal.progress import progress
    from booking.system.output import ensure_output

    counterexample_buyers = _buyers(buyers, quantity, names)
    flags = {
        "store": store, "guard": guard, "lock": lock, "tickets": tickets,
        "acquire_timeout": acquire_timeout,
    }  # fmt: skip
    given = {key: value for key, value in flags.items() if value is not None}
    scenario = from_flags({**given, "buyers": len(counterexample_buyers)})
    scenario = scenario.but(search=explored_with_searches(scenario) if search is None else search)
    limits = Limits(
        states_that_fit(max_states),
        SECONDS_MAX if max_seconds is None else max_seconds,
    )
    options = [*_bounds(max_states, max_seconds), *(["--first"] if first else []), *_method(method)]
    expected = named(expect)
    if witness is not None:
        ensure_output("--witness", witness)
    with progress() as display:
        proof = prove(
            scenario, counterexample_buyers, limits, named=names is not None, first=first,
            method=method,  # type: ignore[arg-type]  # click checks the choice
            progress=lambda states, runs: display.update(
                f"{states:,} states, {runs:,} executions"
            ),
        )  # fmt: skip
    if witness is not None and proof.counterexample is not None:
        save(proof.counterexample, witness)
    saved = witness if proof.counterexample is not None else None
    if as_json:
        documents.show(exploration_document(proof, saved, options))
    else:
        usual = Limits(states_that_fit(None), SECONDS_MAX)
        cure_options = [*_bounds(max_states, max_seconds, usual), *_method(method)]
        show_proof(proof, saved, options, cure_options)
    exploration = proof.exploration
    return exploration_exit_code(exploration.outcome, exploration.findings, expected)


def _method(method: str) -> list[str]:
    """Return the words that choose how to search."""
    return [] if method == "auto" else ["--method", method]


def _bounds(states: int | None, seconds: float | None, least: Limits | None = None) -> list[str]:
    """Return the words that bound a search; those that are no less than `least`, if it is given."""
    words = []
    if states is not None and (least is None or states > least.states_max):
        words += ["--max-states", str(states)]
    if seconds is not None and (least is None or seconds > least.seconds_max):
        words += ["--max-seconds", f"{seconds:g}"]
    return words


def _buyers(
    buyers: int | None, quantity: str | None, names: str | None
) -> list[CounterexampleBuyer]:
    from booking.core.counterexample import CounterexampleBuyer
    from booking.errors import UsageError

    quantities = _quantities(quantity)
    called = [name.strip() for name in names.split(",")] if names else []
    lengths = {len(called), len(quantities) if len(quantities) > 1 else 0, buyers or 0} - {0}
    if len(lengths) > 1:
        raise UsageError("--buyers, --quantity and --names do not name equally many buyers")
    number = lengths.pop() if lengths else BUYERS
    if not 1 <= number <= BUYERS_MAX or (buyers is not None and buyers < 1):
        raise UsageError(f"--buyers: explores 1 to {BUYERS_MAX} buyers, not {buyers or number}")
    if "" in called or len(set(called)) != len(called):
        raise UsageError("--names: each buyer needs a name of his own, as in anna,ben,carl")
    if len(quantities) == 1:
        quantities *= number
    return [
        CounterexampleBuyer(called[at] if called else f"buyer {at}", quantities[at])
        for at in range(number)
    ]


def _quantities(text: str | None) -> list[int]:
    from booking.core.protocols import TICKETS_MAX
    from booking.errors import UsageError

    words = (text or "1").split(",")
    try:
        quantities = [int(word) for word in words]
    except ValueError:
        raise UsageError(f"--quantity: {text!r} is no list of numbers; write 2, or 1,2,1") from None
    if not all(1 <= number <= TICKETS_MAX for number in quantities):
        raise UsageError("--quantity: each order is for 1 ticket or more")
    return quantities
