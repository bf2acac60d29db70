"""Show scenario trials on the terminal, a line or a few for each."""

from __future__ import annotations

from collections.abc import Sequence

from booking.experiments.expectations import Planned, Trial
from booking.report.terminal.console import console, plain


def show_start(planned: Planned) -> None:
    """Print which scenario comes next."""
    title = planned.scenario.title if planned.scenario is not None else ""
    console().print(f"[bold]{plain(str(planned.path))}[/]  {plain(title)}".rstrip())


def show_trial(trial: Trial) -> None:
    """Print how a scenario went in a line, and each difference in a line of its own."""
    sale = trial.sale
    if sale is None:
        why = trial.failure.message if trial.failure is not None else "no result"
        console().print(f"  [red]✗ could not be run[/]: {plain(why)}")
        return
    sign = "[red]✗ not as expected[/]" if trial.differences else "[green]✓ as expected[/]"
    names = ", ".join(anomaly.name for anomaly in sale.verdict.anomalies)
    facts = f"{sale.verdict.outcome} {names}".strip()
    left = "?" if sale.remaining is None else sale.remaining
    console().print(
        f"  {sign}: {facts}; sold {sale.sold} of {sale.tickets}, {left} left"
        f" [dim]({trial.elapsed_s:.1f} s)[/]"
    )
    for difference in trial.differences:
        console().print(f"    {plain(difference)}")


def show_total(trials: Sequence[Trial], not_run: int = 0) -> None:
    """Print how many scenarios were not as expected, could not be run, and were not run."""
    missed = sum(bool(trial.differences) for trial in trials)
    failed = sum(trial.failure is not None for trial in trials)
    text = f"{len(trials)} scenarios, {missed} not as expected"
    text += f", {failed} could not be run" if failed else ""
    text += f", {not_run} more not run" if not_run else ""
    console().print(f"\n[bold {'red' if missed or failed or not_run else 'green'}]{text}[/]")
