"""`booking bench`: what each guard and lock costs, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from booking.cli.completers import GUARDS, LOCKS, STORES, threshold
from booking.cli.options import json_option, memory_option, names_in, typed
from booking.cli.sale_options import scenario_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from booking.bench.aggregate import Row
    from booking.bench.measure import Measured
    from booking.bench.plan import Plan
    from booking.bench.thresholds import Check
    from booking.experiments.expectations import Failure


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms in which the user wants the result."""

    as_json: bool
    csv_file: Path | None
    chart_file: Path | None
    wide: bool
    law: bool
    with_c: bool
    again: str  # the command that measures the same again

    @property
    def files(self) -> dict[str, Path | None]:
        """The files that are written, by their options."""
        return {"--csv": self.csv_file, "--chart": self.chart_file}


OF_FUNCTIONS = ("behaviours", "setup", "count", "init", "servers", "reset")
FOR_FUNCTIONS = {"buyers", "rounds", "duration", "as_json"}  # the others are of stores
EPILOG = """\b
Examples:
  booking bench
  booking bench --guards lock,clerk --locks flock --buyers 10,100 --durable --peer
  booking bench --wide --law
  booking bench --chart price.svg --csv price.csv
  booking bench --require 'lock.ratio_to_bare>=0.4' --require 'clerk@100.jain>0.9'
  booking bench --self
  booking bench --behaviour shop:buy --behaviour shop:safe --setup shop:fill --check shop:left
"""


@click.command(epilog=EPILOG)
@click.option(
    "--stores", default="json", metavar="NAME,…", shell_complete=STORES, help="[default: json]"
)
@click.option("--guards", default="none,lock,queue,clerk", metavar="NAME,…", show_default=True,
              shell_complete=GUARDS)  # fmt: skip
@click.option("--locks", default="flock,filelock,soft,mutex", metavar="NAME,…", show_default=True,
              shell_complete=LOCKS)  # fmt: skip
@click.option("--buyers", default="1,2,10,50", metavar="N,…", show_default=True)
@click.option("--rounds", default=3, metavar="N", show_default=True, help="Interleaved.")
@click.option("--time", "duration", default="600ms", metavar="TIME", show_default=True,
              help="How long each sale goes on.")  # fmt: skip
@scenario_option("durable")
@click.option("--peer", is_flag=True, help="SQLite as well: WAL, with --durable synchronous=FULL.")
@click.option("--wide", is_flag=True, help="All columns.")
@click.option("--law", is_flag=True, help="How each variant scales, in words.")
@click.option("--c/--no-c", "with_c", default=True, help="The C loop as the limit.")
@click.option("--require", "demands", multiple=True, metavar="ROW.METRIC>=N",
              shell_complete=threshold, help="A threshold; missed: exit code 4.")  # fmt: skip
@memory_option
@json_option
@click.option("--csv", "csv_file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--chart", "chart_file", metavar="FILE", type=click.Path(path_type=Path),
              help="Throughput and p99 against buyers, as SVG.")  # fmt: skip
@click.option("--behaviour", "behaviours", multiple=True, metavar="M:F",
              help="A purchase function as it is; several are compared.")  # fmt: skip
@click.option("--setup", metavar="M:F", help="Fills the inventory for it.")
@click.option("--check", "count", metavar="M:F", help="Returns how many tickets are left.")
@click.option("--init", metavar="M:F", help="Is called first in each process.")
@click.option(
    "--with",
    "servers",
    multiple=True,
    type=click.Choice(["postgres", "redis"]),
    help="A private server for it.",
)
@click.option("--i-may-reset", "reset", multiple=True, metavar="DATABASE",
              help="Setup may empty this database, which is not private.")  # fmt: skip
@click.option("--self", "own", is_flag=True, help="What booking's own machinery costs instead.")
@click.pass_context
def bench(  # noqa: PLR0917 - click passes each by its name
    context: click.Context,
    /,
    stores: str,
    guards: str,
    locks: str,
    buyers: str,
    rounds: int,
    duration: str,
    durable: bool,
    peer: bool,
    with_c: bool,
    demands: tuple[str, ...],
    own: bool,
    **more: Any,
) -> int:
    """Measure what each guard and lock costs, side by side.

    Every row is the median of all rounds. `bare` is the same reads and writes in one process
    without a lock. docs/reference/benchmark.md defines each column.
    """
    functions = {name: more.pop(name) for name in OF_FUNCTIONS}
    shown = Forms(**more, with_c=with_c, again=typed(context))
    if own or any(functions.values()):
        return _other(context, functions, demands, shown)
    from booking.bench.aggregate import rows
    from booking.bench.measure import Measured, measure
    from booking.bench.plan import make_plan
    from booking.bench.thresholds import parse
    from booking.errors import BookingError
    from booking.report.terminal.progress import progress
    from booking.report.terminal.text import echo
    from booking.system.output import ensure_apart, ensure_output

    plan = make_plan(
        names_in(stores), names_in(guards), names_in(locks), _counts(buyers),
        peer=peer, rounds=rounds, duration_s=_seconds(duration), durable=durable,
    )  # fmt: skip
    thresholds = [parse(text, plan) for text in demands]
    for flag, path in shown.files.items():
        if path is not None:
            ensure_output(flag, path)
    ensure_apart(shown.files, {})
    measured = Measured()
    interrupted: KeyboardInterrupt | None = None
    try:
        with progress(quiet=shown.as_json) as display:
            measure(plan, display.update, with_c=with_c, measured=measured)
    except KeyboardInterrupt as error:
        interrupted = error
    failures = list(dict.fromkeys(measured.failed.values()))
    if not measured.samples:
        if interrupted is None and failures:
            raise _error(failures[0])
        raise interrupted or BookingError("nothing was measured")
    table = rows(measured.samples)
    checks = [] if interrupted else [one for each in thresholds for one in each.checks(table)]
    _show(plan, measured, table, checks, shown)
    if thresholds and interrupted is not None:
        echo("booking: no threshold was checked: the benchmark was interrupted", err=True)
    for failure in failures:
        echo(f"booking: {failure.message}", err=True)
    if interrupted is not None:
        raise interrupted  # the figures are of the rounds so far
    return _exit_code(table, failures, missed=not all(check.met for check in checks))


def _other(
    context: click.Context, functions: dict[str, Any], demands: tuple[str, ...], shown: Forms
) -> int:
    """Price purchase functions, or booking's own machinery; return the exit code."""
    if not any(functions.values()):
        return _overheads(demands, as_json=shown.as_json)
    from booking.cli.bench_behaviour import run

    given = {
        parameter.name: parameter.opts[0]
        for parameter in context.command.params
        if context.get_parameter_source(parameter.name or "")
        is click.core.ParameterSource.COMMANDLINE
    }
    others = [
        option for name, option in given.items() if name not in {*OF_FUNCTIONS, *FOR_FUNCTIONS}
    ]
    params = context.params
    return run(
        functions, others, _counts(params["buyers"]) if "buyers" in given else None,
        params["rounds"], _seconds(params["duration"]), again=shown.again, as_json=shown.as_json,
    )  # fmt: skip


def _error(failure: Failure) -> Exception:
    """Return the error of a benchmark of which nothing could be measured."""
    from booking.errors import BookingError

    error = BookingError(failure.message)
    error.exit_code = failure.code  # type: ignore[assignment]  # an instance may have its own
    return error


def _exit_code(table: Sequence[Row], failures: Sequence[Failure], *, missed: bool) -> int:
    """Return the gravest: a row that could not be measured, a threshold, no contention."""
    from booking.errors import ExitCode

    if failures:
        return max(failure.code for failure in failures)
    if missed:
        return ExitCode.THRESHOLD_MISSED
    contended = any(row.contended for row in table)
    return ExitCode.AS_EXPECTED if contended else ExitCode.UNKNOWN


def _show(
    plan: Plan,
    measured: Measured,
    table: Sequence[Row],
    checks: Sequence[Check],
    forms: Forms,
) -> None:
    """Show the result in every form that the user asked for."""
    from booking.bench import summary
    from booking.report import benchmark_files, documents
    from booking.report.svg_chart import chart
    from booking.report.terminal import benchmark as benchmark_report
    from booking.system.output import write_output

    samples, failed = measured.samples, measured.failed
    left_out = list(dict.fromkeys(failure.message for failure in failed.values()))
    floors, fits = summary.floors(samples), summary.fits(plan, samples)
    if forms.csv_file is not None:
        write_output("--csv", forms.csv_file, [benchmark_files.csv_text(table).encode()])
    if forms.chart_file is not None:
        drawn = chart(table, "the price of safety, in this run")
        write_output("--chart", forms.chart_file, [drawn.encode()])
    if forms.as_json:
        document = benchmark_files.document(samples, table, fits, floors, checks, failed)
        documents.show({**document, "failed": left_out})
        return
    benchmark_report.show_comparison(table, failed)
    benchmark_report.show_rows(table, failed, wide=forms.wide)
    if forms.law:
        benchmark_report.show_fits(fits)
    benchmark_report.show_notes(
        floors, summary.doubts(plan, samples, table), left_out,
        no_compiler=forms.with_c and "c" not in floors,
    )  # fmt: skip
    benchmark_report.show_checks(checks)
    benchmark_report.show_again(forms.again)


def _overheads(demands: tuple[str, ...], *, as_json: bool) -> int:
    """Measure what booking's own machinery costs; return the exit code."""
    from booking.bench.self_cost import checks, measure
    from booking.errors import ExitCode
    from booking.report import documents
    from booking.report.terminal import benchmark as benchmark_report

    check = checks(demands)
    overheads = measure()
    ticks = check(overheads)
    missed = [line for line, met in ticks if not met]
    if as_json:
        documents.show({"overheads": overheads, "missed": missed})
    else:
        benchmark_report.show_overheads(overheads)
        benchmark_report.show_ticks(ticks)
    return ExitCode.THRESHOLD_MISSED if missed else ExitCode.AS_EXPECTED


def _counts(text: str) -> list[int]:
    from booking.errors import UsageError

    try:
        return [int(word) for word in names_in(text)]
    except ValueError:
        raise UsageError(f"--buyers {text!r}: write whole numbers, as in 1,10,100") from None


def _seconds(text: str) -> float:
    from booking.core.durations import parse_duration
    from booking.errors import UsageError

    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--time: {error}") from None
