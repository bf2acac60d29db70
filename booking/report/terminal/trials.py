"""Show scenario trials on the terminal, a line or a few for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from booking.core.scenario import Scenario
from booking.experiments.expectations import Trial
from booking.report.terminal.console import console, plain


def show_start(path: Path, scenario: Scenario) -> None:
    """Print which scenario comes next."""
    console().print(f"[bold]{plain(str(path))}[/]  {plain(scenario.title)}")


def show_trial(trial: Trial) -> None:
    """Print how a scenario went in a line, and each difference in a line of its own."""
    sale = trial.sale
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


def show_total(trials: Sequence[Trial]) -> None:
    """Print how many scenarios were not as expected."""
    missed = sum(bool(trial.differences) for trial in trials)
    text = f"{len(trials)} scenarios, {missed} not as expected"
    console().print(f"\n[bold {'red' if missed else 'green'}]{text}[/]")
