"""The pytest plugin: fixture `race`, marker `booking`, and a verdict of its own, `unknown`.

pytest loads it wherever booking is installed; `-p no:booking` leaves it out. At its import it
takes nothing but pytest, so a run that tests no race does not notice it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import pytest

from booking.testing.outcomes import UnknownVerdict, heard_by
from booking.testing.plugin_options import add_options, flags, given_words, option_of, settings

if TYPE_CHECKING:
    from booking.testing.counterexample_files import CounterexampleFiles
    from booking.testing.races import Race, RaceOptions, RaceResult

SEED_MAX = 10**6  # short enough to be typed again
UNKNOWN = "unknown"
SEED = "booking_seed"
FOLDER = ".booking"  # of counterexamples, below pytest's root folder
MARKER = (
    "booking(buyers=3, tickets=2, lock='flock', allow_unknown=False, …): "
    "options of the races in a test, see docs/reference/pytest.md of booking"
)
DRAWN = pytest.StashKey[bool]()
HEARD = pytest.StashKey["_Heard"]()


class _Heard:
    """The results of one test since its last report, and the files that it leaves."""

    def __init__(self, item: pytest.Item) -> None:
        self.results: list[RaceResult] = []
        self.files: CounterexampleFiles | None = None
        self._item = item

    def __call__(self, result: RaceResult) -> None:
        """Hear of a result; with the first one, what an earlier run has left goes away."""
        if self.files is None:
            from booking.testing.counterexample_files import CounterexampleFiles

            self.files = CounterexampleFiles(self._item.config.rootpath / FOLDER, self._item.nodeid)
            self.files.remove()
        self.results.append(result)
        self._item.user_properties += _properties(self._item, result)

    def take(self) -> list[RaceResult]:
        """Return the results, once."""
        results, self.results = self.results, []
        return results


class RaceMaker:
    """The fixture `race`: `race(MyStore, buyers=3, tickets=2).sound()`, or `.proved()`."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._item = request.node

    def __call__(self, store: str | type, **options: Unpack[RaceOptions]) -> Race:
        """Return a race; flags win over what the test says, its marker and the ini file."""
        __tracebackhide__ = True
        from booking.testing.races import race as make

        config = self._item.config
        given: dict[str, Any] = settings(config)
        for mark in reversed(list(self._item.iter_markers("booking"))):
            if mark.args:
                raise pytest.UsageError("@pytest.mark.booking: name each option, as in buyers=3")
            given |= mark.kwargs
        return make(store, **{**given, **options, **flags(config)})

    def __repr__(self) -> str:
        return "<fixture race of booking>"


@pytest.fixture
def race(request: pytest.FixtureRequest) -> RaceMaker:
    """Make a race of buyers for a store's tickets: race(MyStore, buyers=3).sound()."""
    return RaceMaker(request)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options `--booking-…`, and the same names to the ini file."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; draw the seed where it is to be random, once for all workers."""
    config.addinivalue_line("markers", MARKER)
    if option_of(config, "seed") == "random":
        from random import SystemRandom

        drawn: dict[str, int] = getattr(config, "workerinput", {})
        config.option.booking_seed = drawn.get(SEED) or 1 + SystemRandom().randrange(SEED_MAX)
        config.stash[DRAWN] = True


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the seed to a worker of xdist, which reads the same command line."""
    node.workerinput[SEED] = node.config.option.booking_seed


def pytest_report_header(config: pytest.Config) -> str:
    """Name the seed, which repeats a run."""
    drawn = " (drawn)" if config.stash.get(DRAWN, False) else ""
    return f"booking: seed {option_of(config, 'seed') or 0}{drawn}, counterexamples in {FOLDER}/"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hear of every result while a test is set up, runs and is torn down."""

    item.stash[HEARD] = heard = _Heard(item)
    with heard_by(heard):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a report what was shown, and how to run it again."""
    report = yield
    heard = item.stash.get(HEARD, None)
    results = heard.take() if heard else []
    if call.excinfo is not None and isinstance(call.excinfo.value, UnknownVerdict):
        _set_unknown(report, _reason(str(call.excinfo.value)))
    elif report.passed and (allowed := [one for one in results if one.verdict.outcome == UNKNOWN]):
        _set_unknown(report, f"{_reason(str(allowed[0]))} (allowed)")
    if report.failed and heard is not None and results:
        lines = _again(item, report, results[-1], heard.files)
        report.sections.append(("booking", "\n".join(lines)))
    return report


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Count an unknown verdict by itself: letter `?`, word UNKNOWN. pytest still fails by it."""
    if _unknown(report) is None:
        return None
    return UNKNOWN, "?", ("UNKNOWN", {"yellow": True})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tests with an unknown verdict: those that fail by it whole, all with the reason."""
    reports = terminalreporter.stats.get(UNKNOWN, [])
    failed = [report for report in reports if report.failed]
    if failed and terminalreporter.config.option.tbstyle != "no":
        terminalreporter.write_sep("=", "UNKNOWN")
        for report in failed:
            terminalreporter.write_sep("_", report.head_line or report.nodeid)
            report.toterminal(terminalreporter.config.get_terminal_writer())
            for name, text in report.sections:
                terminalreporter.write_sep("-", name)
                terminalreporter.write_line(text.rstrip("\n"))
    if reports:
        terminalreporter.write_sep("=", "unknown verdicts", yellow=True)
    for report in reports:
        terminalreporter.write_line(f"UNKNOWN {report.nodeid} - {_unknown(report)}")


def _set_unknown(report: pytest.TestReport, reason: str) -> None:
    """Mark a report; xdist sends such an attribute along, as long as JSON can hold it."""
    report.booking_unknown = reason  # type: ignore[attr-defined]  # reports take attributes


def _unknown(report: pytest.CollectReport | pytest.TestReport) -> str | None:
    """Return why a report's verdict is unknown; None where it is not, or a failure was expected."""
    if hasattr(report, "wasxfail") or report.outcome == "skipped":
        return None
    reason: str | None = getattr(report, "booking_unknown", None)
    return reason


def _reason(text: str) -> str:
    """Return the reason in the text of an unknown verdict: of a race behind its label `why`."""
    found = re.search(r"^  why +(.*?)^  (?:shown|caveat|again) ", text, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else text.partition("\n")[0]


def _properties(item: pytest.Item, result: RaceResult) -> list[tuple[str, object]]:
    """Return what JUnit and other reports get of a result."""
    given = {"verdict": str(result.verdict.outcome), "seed": result.seed, "states": result.states}
    found = [(name, value) for name, value in given.items() if value is not None]
    if result.verdict.anomalies:
        found.append(("anomalies", ", ".join(one.name for one in result.verdict.anomalies)))
    return [*found, ("command", _command(item, result))]


def _command(item: pytest.Item, result: RaceResult) -> str:
    """Return the line that runs a test again, its failing sale first."""
    seed = item.config.option.booking_seed if result.seed is None else result.seed
    path, colons, test = item.nodeid.partition("::")
    shown = _relative(item.config.rootpath / path, item.config.invocation_params.dir)
    words = ["pytest", f"{shown}{colons}{test}"]
    return shlex.join([*words, *given_words(item.config, {"seed": seed})])


def _again(
    item: pytest.Item,
    report: pytest.TestReport,
    result: RaceResult,
    files: CounterexampleFiles | None,
) -> list[str]:
    """Return the commands that repeat a failure, each on a line to copy; keep counterexamples."""
    from booking.errors import BookingError
    from booking.testing.replay_line import replay_line

    lines = [_command(item, result)]
    if files is None or result.counterexample is None or result.verdict.outcome != "invalid":
        return lines
    try:
        path = files.save(result.counterexample)
    except (BookingError, OSError) as error:  # the failure itself shall still be reported
        return [*lines, f"the counterexample could not be kept: {error}"]
    shown = _relative(path, item.config.invocation_params.dir)
    kept = ("counterexample", str(shown))
    item.user_properties.append(kept)
    report.user_properties.append(kept)
    return [*lines, replay_line(result.counterexample, shown, item.config.invocation_params.dir)]


def _relative(path: Path, folder: Path) -> Path:
    """Return a path as it is named from a folder, where that is shorter."""
    return path.relative_to(folder) if path.is_relative_to(folder) else path
