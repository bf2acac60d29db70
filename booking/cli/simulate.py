"""`booking simulate`: one sale, judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from booking.cli.completers import SCHEDULE
from booking.cli.completers import scenario as scenario_names
from booking.cli.options import (
    allow_code_option,
    allow_places_option,
    expect_option,
    json_option,
    memory_option,
    warn_of_torn_writes,
)
from booking.cli.sale_options import SaleCommand, given_flags, read_scenario, scenario_flags

if TYPE_CHECKING:
    from booking.core.scenario import Scenario

OF_FUNCTIONS = ("setup", "count", "invariant", "init", "rounds", "servers", "reset")
EPILOG = """\b
Examples:
  booking simulate --buyers 10 --tickets 3
  booking simulate --buyers 10 --tickets 3 --lock
  booking simulate --store json:data.json --lock=filelock --delay 1s..3s
  booking simulate 01-as-written --history sale.jsonl
  booking simulate --behaviour shop:buy --setup shop:three_tickets --check shop:left
"""


@click.command(cls=SaleCommand, epilog=EPILOG)
@click.argument(
    "scenario", required=False, type=click.Path(path_type=Path), shell_complete=scenario_names
)
@scenario_flags
@expect_option
@click.option(
    "--history", metavar="FILE", type=click.Path(path_type=Path), help="Write the history."
)
@click.option(
    "--schedule", metavar="NAME", shell_complete=SCHEDULE,
    help="Choose which buyer goes next: random or pct, by --seed.",
)  # fmt: skip
@click.option(
    "--witness", metavar="FILE", type=click.Path(path_type=Path),
    help="With --schedule: write the counterexample of a race, as short as it gets.",
)  # fmt: skip
@click.option("--setup", metavar="M:F", help="Fills the inventory for a purchase function.")
@click.option("--check", "count", metavar="M:F", help="Returns how many tickets are left.")
@click.option("--invariant", metavar="M:F", help="Is true at the end of each round.")
@click.option("--init", metavar="M:F", help="Is called first in each process.")
@click.option("--rounds", type=int, metavar="N", help="Up to the first that breaks.  [default: 50]")
@click.option(
    "--with",
    "servers",
    multiple=True,
    type=click.Choice(["postgres", "redis"]),
    help="A private server for it.",
)
@click.option("--i-may-reset", "reset", multiple=True, metavar="DATABASE",
              help="Setup may empty this database, which is not private.")  # fmt: skip
@memory_option
@allow_code_option
@allow_places_option
@json_option
@click.pass_context
def simulate(  # noqa: PLR0917 - click passes each by its name
    context: click.Context,
    /,
    scenario: Path | None,
    expect: str | None,
    history: Path | None,
    schedule: str | None,
    witness: Path | None,
    allow_code: bool,
    allow_places: bool,
    as_json: bool,
    **functions: Any,
) -> int:
    """Run a sale with real buyer processes and check it.

    SCENARIO is a TOML file, or the name of a shipped one; flags win over it. Exit code 0: sound,
    1: an anomaly, 3: unknown (for example: the sale without the guard did not race either).

    With --behaviour, --setup and --check: a purchase function as it is, in free processes, up to
    the first round that breaks.
    """
    if any(functions[name] for name in OF_FUNCTIONS):
        from booking.cli.simulate_behaviour import run

        others = {
            "SCENARIO": scenario, "--schedule": schedule, "--witness": witness,
            "--allow-code": allow_code or None, "--allow-places": allow_places or None,
        }  # fmt: skip
        flags = given_flags(context)
        return run(functions, flags, others, expect=expect, history=history, as_json=as_json)
    from booking.core.command_line import replay_command
    from booking.core.data_files import Permission
    from booking.core.registry import split_url
    from booking.errors import UsageError
    from booking.experiments.expectations import named, sale_exit_code
    from booking.experiments.sale import run_sale
    from booking.experiments.scheduled import run_scheduled
    from booking.history.model import dump
    from booking.report import documents
    from booking.report.sale_document import sale_document
    from booking.report.terminal.live import listening
    from booking.report.terminal.sale import show_sale
    from booking.system.output import ensure_apart, ensure_output

    wanted, usual = read_scenario(scenario, context, Permission(allow_code, allow_places))
    expected = named(expect)
    if witness is not None and schedule is None:
        raise UsageError("--witness writes the schedule of a race: give --schedule random or pct")
    outputs = {"--history": history, "--witness": witness}
    for option, path in outputs.items():
        if path is not None:
            ensure_output(option, path)
    location = split_url(wanted.store)[1]
    inventory = Path(location) if location and "//" not in location else None
    ensure_apart(outputs, {"the scenario": scenario, "--store": inventory})
    warn_of_torn_writes(wanted)
    with listening(wanted, quiet=as_json) as listener:
        if schedule is None:
            sale = run_sale(wanted, listener)
        else:
            sale = run_scheduled(wanted, schedule, witness, listener)
    if history is not None:
        dump(sale.history, history)

    def command(again: Scenario) -> str:
        ordered = f" --schedule {schedule}" if schedule is not None else ""
        return replay_command(again, scenario, usual) + ordered

    if as_json:
        documents.show(sale_document(sale, command(sale.repeatable)))
    else:
        show_sale(sale, command, expected, witness)
    return sale_exit_code(sale, expected)
