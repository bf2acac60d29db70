"""Scenario trials as JUnit XML, for build servers.

Each file is a suite of one test case: every schema allows properties and the time of the start in
a suite, and the strict ones, such as that of Jenkins' xUnit plugin, allow neither in a test case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree as ET

from booking.core.printable import printable
from booking.core.redaction import redacted
from booking.errors import BookingError
from booking.experiments.expectations import Planned, Trial
from booking.system.output import is_replaced, write_output

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def write(trials: Sequence[Trial], path: Path, not_run: Sequence[Planned] = ()) -> None:
    """Write a suite for each scenario, with what is needed to repeat it.

    What was not as expected is its failure, why it could not be run its error. Those that an
    interruption kept from running are skipped.
    """
    skipped = [_suite(each, "skipped", "interrupted before it") for each in not_run]
    _write(path, [*map(_suite_of, trials), *skipped])


def write_so_far(trials: Sequence[Trial], path: Path, not_run: Sequence[Planned]) -> None:
    """Write what is known before the next scenario is run: its code may end this process.

    A device or a pipe has the whole report at the end only. There an error is told, too.
    """
    if not is_replaced(path):
        return
    now, *later = not_run
    ended = _suite(now, "error", "booking was ended while it ran", kind="ended")
    rest = [_suite(each, "skipped", "not run") for each in later]
    with suppress(BookingError):
        _write(path, [*map(_suite_of, trials), ended, *rest])


def _write(path: Path, suites: Sequence[ET.Element]) -> None:
    root = ET.Element("testsuites", name="booking")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}")
    root.extend(suites)
    write_output("--junit", path, [ET.tostring(root, encoding="utf-8", xml_declaration=True)])


def _suite_of(trial: Trial) -> ET.Element:
    """Return the suite of a scenario that was run, or could not be read."""
    if trial.failure is not None:
        kind, message = f"exit code {trial.failure.code}", trial.failure.message
        suite = _suite(trial.planned, "error", message, [message], trial, kind)
    elif trial.differences:
        first, lines = trial.differences[0], trial.differences
        suite = _suite(trial.planned, "failure", first, lines, trial, "not as expected")
    else:
        suite = _suite(trial.planned, trial=trial)
    suite.set("timestamp", _time(trial))
    return suite


def _suite(
    planned: Planned,
    outcome: str = "",
    message: str = "",
    lines: Sequence[str] = (),
    trial: Trial | None = None,
    kind: str = "",
) -> ET.Element:
    """Return the suite of a scenario: its properties, and the test case with its outcome."""
    elapsed_s = f"{trial.elapsed_s if trial is not None else 0:.3f}"
    suite = ET.Element("testsuite", name=_text(planned.path), tests="1", time=elapsed_s)
    for name, tag in _COUNTED.items():
        suite.set(name, str(int(tag == outcome)))
    properties = ET.SubElement(suite, "properties")
    for name, value in _facts(planned, trial).items():
        if value is not None:
            ET.SubElement(properties, "property", name=name, value=_text(value))
    title = planned.scenario.title if planned.scenario is not None else ""
    case = ET.SubElement(
        suite, "testcase", classname=_text(planned.path.with_suffix("")),
        name=_text(title or planned.path.stem), time=elapsed_s,
    )  # fmt: skip
    if outcome:
        result = ET.SubElement(case, outcome, message=_text(message))
        if kind:
            again = trial.again if trial is not None else planned.again
            result.set("type", kind)
            result.text = "\n".join(_text(line) for line in (*lines, f"again: {again}"))
    return suite


def _facts(planned: Planned, trial: Trial | None) -> dict[str, object]:
    """Return the properties of a scenario; None for what it does not have."""
    facts: dict[str, object] = {"command": planned.again if trial is None else trial.again}
    if (scenario := planned.scenario) is not None:
        facts |= {
            "seed": scenario.seed, "store": redacted(scenario.store), "guard": scenario.guard,
            "lock": scenario.lock,
        }  # fmt: skip
    if trial is not None and (sale := trial.sale) is not None:
        facts |= {
            "verdict": sale.verdict.outcome,
            "reason": sale.verdict.reason,
            "anomalies": ", ".join(anomaly.name for anomaly in sale.verdict.anomalies) or None,
        }
    return facts


def _time(trial: Trial) -> str:
    """Return when a trial began, as JUnit's readers expect it: UTC, whole seconds, no zone."""
    return trial.started.replace(microsecond=0, tzinfo=None).isoformat()


def _text(value: object) -> str:
    """Return a text that XML can hold, without control characters."""
    return _NOT_XML.sub("?", printable(str(value)))
