"""Scenario trials as JUnit XML, for build servers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from booking.core.command_line import run_command
from booking.core.printable import printable
from booking.core.redaction import redacted
from booking.core.scenario import Scenario
from booking.experiments.expectations import Planned, Trial
from booking.system.output import write_output

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(trials: Sequence[Trial], path: Path, not_run: Sequence[Planned] = ()) -> None:
    """Write a test case for each scenario, with what is needed to repeat it.

    What was not as expected is its failure, why it could not be run its error. Those that an
    interruption kept from running are skipped.
    """
    failures = sum(bool(trial.differences) for trial in trials)
    errors = sum(trial.failure is not None for trial in trials)
    total_s = sum(trial.elapsed_s for trial in trials)
    counts = {
        "tests": str(len(trials) + len(not_run)), "failures": str(failures), "errors": str(errors),
        "skipped": str(len(not_run)), "time": f"{total_s:.3f}",
    }  # fmt: skip
    suites = ET.Element("testsuites", counts, name="booking")
    suite = ET.SubElement(suites, "testsuite", counts, name="booking")
    if trials:
        suite.set("timestamp", _time(trials[0]))
    for trial in trials:
        case = _case(suite, trial.path, trial.scenario, trial.elapsed_s)
        case.set("timestamp", _time(trial))
        _add_properties(case, trial)
        if trial.failure is not None:
            ET.SubElement(case, "error", message=_text(trial.failure.message))
        elif trial.differences:
            lines = [_text(difference) for difference in trial.differences]
            ET.SubElement(case, "failure", message=lines[0]).text = "\n".join(lines)
    for planned in not_run:
        case = _case(suite, planned.path, planned.scenario, 0.0)
        ET.SubElement(case, "skipped", message="interrupted before it")
    write_output("--junit", path, [ET.tostring(suites, encoding="utf-8", xml_declaration=True)])


def _case(suite: ET.Element, path: Path, scenario: Scenario | None, elapsed_s: float) -> ET.Element:
    """Add a test case: its name is the scenario's title, or that of the file without one."""
    title = scenario.title if scenario is not None else ""
    return ET.SubElement(
        suite, "testcase", classname=_text(path.with_suffix("")), name=_text(title or path.stem),
        file=_text(path), time=f"{elapsed_s:.3f}",
    )  # fmt: skip


def _add_properties(case: ET.Element, trial: Trial) -> None:
    values: dict[str, object] = {"command": run_command(trial.path, trial.scenario)}
    if (scenario := trial.scenario) is not None:
        values |= {
            "seed": scenario.seed, "store": redacted(scenario.store), "guard": scenario.guard,
            "lock": scenario.lock,
        }  # fmt: skip
    if (sale := trial.sale) is not None:
        values |= {
            "verdict": sale.verdict.outcome,
            "reason": sale.verdict.reason,
            "anomalies": ", ".join(anomaly.name for anomaly in sale.verdict.anomalies) or None,
        }
    properties = ET.SubElement(case, "properties")
    for name, value in values.items():
        if value is not None:
            ET.SubElement(properties, "property", name=name, value=_text(value))


def _time(trial: Trial) -> str:
    """Return when a trial began, as JUnit's readers expect it: UTC, whole seconds, no zone."""
    return trial.started.replace(microsecond=0, tzinfo=None).isoformat()


def _text(value: object) -> str:
    """Return a text that XML can hold, without control characters."""
    return _NOT_XML.sub("?", printable(str(value)))
