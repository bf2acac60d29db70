"""Scenario trials as JUnit XML, for build servers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from booking.core.printable import printable
from booking.errors import UsageError
from booking.experiments.expectations import Trial

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(trials: Sequence[Trial], path: Path) -> None:
    """Write a test case for each scenario; what was not as expected is its failure."""
    failures = sum(bool(trial.differences) for trial in trials)
    total_s = sum(trial.elapsed_s for trial in trials)
    suite = ET.Element(
        "testsuite", name="booking", tests=str(len(trials)), failures=str(failures), errors="0",
        skipped="0", time=f"{total_s:.3f}",
    )  # fmt: skip
    for trial in trials:
        case = ET.SubElement(
            suite, "testcase", classname=_text(trial.path.parent), name=_text(trial.path.stem),
            time=f"{trial.elapsed_s:.3f}",
        )  # fmt: skip
        if trial.differences:
            lines = [_text(difference) for difference in trial.differences]
            ET.SubElement(case, "failure", message=lines[0]).text = "\n".join(lines)
    try:
        ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise UsageError(f"--junit {path}: {(error.strerror or '').lower()}") from None


def _text(value: object) -> str:
    """Return a text that XML can hold, without control characters."""
    return _NOT_XML.sub("?", printable(str(value)))
