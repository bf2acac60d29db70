"""`booking demo`: the tutorial's sale, twice."""

from __future__ import annotations

import click


@click.command()
def demo() -> int:
    """Run the tutorial's sale without a lock, which oversells, and with one, which does not."""
    from booking.core.command_line import replay_command
    from booking.core.registry import default_lock
    from booking.core.scenario import Scenario
    from booking.core.verdict import Outcome
    from booking.errors import ExitCode
    from booking.experiments.sale import run_sale
    from booking.report.terminal.console import show_heading
    from booking.report.terminal.live import listening
    from booking.report.terminal.sale import show_pair, show_sale

    bare = Scenario(buyers=10, tickets=3)
    sales = []
    for title, scenario in (
        ("1. ten buyers, three tickets, no lock", bare),
        ("2. the same with a lock", bare.but(guard="lock", lock=default_lock())),
    ):
        show_heading(title)
        with listening(scenario) as listener:
            sale = run_sale(scenario, listener)
        show_sale(sale, replay_command)
        sales.append(sale)
    shown = [sale.verdict.outcome for sale in sales] == [Outcome.INVALID, Outcome.VALID]
    show_pair(*sales, shown=shown)
    return ExitCode.AS_EXPECTED if shown else ExitCode.UNKNOWN
