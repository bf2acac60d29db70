"""Scenario trials as JUnit XML, for build servers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from booking.core.printable import printable
from booking.errors import UsageError
from booking.experiments.expectations import Planned, Trial

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(trials: Sequence[Trial], path: Path, not_run: Sequence[Planned] = ()) -> None:
    """Write a test case for each scenario.

    What was not as expected is its failure, why it could not be run its error. Those that an
    interruption kept from running are skipped.
    """
    failures = sum(bool(trial.differences) for trial in trials)
    errors = sum(trial.failure is not None for trial in trials)
    total_s = sum(trial.elapsed_s for trial in trials)
    suite = ET.Element(
        "testsuite", name="booking", tests=str(len(trials) + len(not_run)), failures=str(failures),
        errors=str(errors), skipped=str(len(not_run)), time=f"{total_s:.3f}",
    )  # fmt: skip
    for trial in trials:
        case = _case(suite, trial.path, trial.elapsed_s)
        if trial.failure is not None:
            ET.SubElement(case, "error", message=_text(trial.failure.message))
        elif trial.differences:
            lines = [_text(difference) for difference in trial.differences]
            ET.SubElement(case, "failure", message=lines[0]).text = "\n".join(lines)
    for planned in not_run:
        ET.SubElement(_case(suite, planned.path, 0.0), "skipped", message="interrupted before it")
    try:
        ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise UsageError(f"--junit {path}: {(error.strerror or '').lower()}") from None


def _case(suite: ET.Element, path: Path, elapsed_s: float) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", classname=_text(path.parent), name=_text(path.stem),
        time=f"{elapsed_s:.3f}",
    )  # fmt: skip


def _text(value: object) -> str:
    """Return a text that XML can hold, without control characters."""
    return _NOT_XML.sub("?", printable(str(value)))
