"""Scenario trials as JUnit XML, for build servers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from booking.experiments.expectations import Trial
from booking.system.output import write_output

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
            suite, "testcase", classname=str(trial.path.parent), name=trial.path.stem,
            time=f"{trial.elapsed_s:.3f}",
        )  # fmt: skip
        if trial.differences:
            lines = [_NOT_XML.sub("?", difference) for difference in trial.differences]
            ET.SubElement(case, "failure", message=lines[0]).text = "\n".join(lines)
    write_output("--junit", path, [ET.tostring(suite, encoding="utf-8", xml_declaration=True)])
