"""Show scenario trials on the terminal, a line or a few for each."""

from __future__ import annotations

from collections.abc import Sequence

from booking.core.wording import counted
from booking.experiments.expectations import Planned, Trial
from booking.report.terminal.console import console, plain
from booking.report.terminal.layout import show_paragraph


def show_start(planned: Planned) -> None:
    """Print which scenario comes next."""
    title = planned.scenario.title if planned.scenario is not None else ""
    console().print(f"[bold]{plain(str(planned.path))}[/]  {plain(title)}".rstrip())


def show_trial(trial: Trial) -> None:
    """Print how a scenario went in a line; behind one that went wrong, why and the command."""
    sale = trial.sale
    if sale is None:
        why = trial.failure.message if trial.failure is not None else "no result"
        show_paragraph(f"could not be run: {why}", "  ✗ ", style="red")
    else:
        names = ", ".join(anomaly.name for anomaly in sale.verdict.anomalies)
        left = "?" if sale.remaining is None else sale.remaining
        facts = f"{sale.verdict.outcome} {names}".strip()
        text = f"{facts}; sold {sale.sold} of {sale.tickets}, {left} left ({trial.elapsed_s:.1f} s)"
        if trial.differences:
            show_paragraph(f"not as expected: {text}", "  ✗ ", style="red")
        else:
            show_paragraph(f"as expected: {text}", "  ✓ ")
        for difference in trial.differences:
            show_paragraph(difference, "    ")
    if not trial.as_expected:
        console().print(f"  [dim]again[/]  [cyan]{plain(trial.again)}[/]")


def show_total(trials: Sequence[Trial], not_run: int = 0) -> None:
    """Print how many scenarios were not as expected, could not be run, and were not run."""
    missed = sum(bool(trial.differences) for trial in trials)
    failed = sum(trial.failure is not None for trial in trials)
    text = f"{counted(len(trials), 'scenario')}, {missed} not as expected"
    text += f", {failed} could not be run" if failed else ""
    text += f", {not_run} more not run" if not_run else ""
    console().print(f"\n[bold {'red' if missed or failed or not_run else 'green'}]{text}[/]")
