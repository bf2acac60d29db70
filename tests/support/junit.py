"""JUnit files as strict readers take them: the schema of Jenkins' xUnit plugin, junit-10.xsd."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

COUNTS = ("tests", "failures", "errors")
TIME = re.compile(r"\d+\.\d{3}")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
# An element: its required attributes, those that it may have, and the elements in it.
SCHEMA: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", *COUNTS}, {"testsuite"}),
    "testsuite": (
        {"name", *COUNTS},
        {"time", "skipped", "timestamp", "hostname", "id", "package", "file", "group", "url"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name"}, {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    **dict.fromkeys(("skipped", "error", "failure"), (set(), {"type", "message"}, set())),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A test case, with its suite."""

    suite: ET.Element
    case: ET.Element

    @property
    def name(self) -> str | None:
        return self.case.get("name")

    @property
    def properties(self) -> dict[str | None, str | None]:
        return {one.get("name"): one.get("value") for one in self.suite.iter("property")}

    def result(self, tag: str) -> ET.Element | None:
        """Return its failure, error or skipped."""
        return self.case.find(tag)


def problems(element: ET.Element) -> list[str]:
    """Return what a strict reader refuses, in an element and all in it."""
    if element.tag not in SCHEMA:
        return [f"{element.tag} is no element"]
    required, allowed, children = SCHEMA[element.tag]
    names = set(element.attrib)
    found = [f"{element.tag} without {name}" for name in sorted(required - names)]
    found += [f"{element.tag} with {name}" for name in sorted(names - required - allowed)]
    found += [f"{each.tag} in {element.tag}" for each in element if each.tag not in children]
    for name, form in (("time", TIME), ("timestamp", STAMP)):
        value = element.get(name)
        if value is not None and not form.fullmatch(value):
            found.append(f"{name} {value}")
    return found + [problem for each in element for problem in problems(each)]


def miscounted(root: ET.Element) -> list[str]:
    """Return the counts that are not those of the test cases."""
    tags = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    return [
        f"{name} of {element.tag} {element.get('name')}"
        for element in (root, *root)
        for name, tag in tags.items()
        if element.get(name) not in {None, str(sum(1 for _ in element.iter(tag)))}
    ]


def cases(path: Path | str) -> list[Case]:
    """Return the test cases of a file that every reader takes."""
    root = ET.fromstring(Path(path).read_bytes())
    assert root.tag == "testsuites"
    assert problems(root) == []
    assert miscounted(root) == []
    return [Case(suite, case) for suite in root for case in suite.iter("testcase")]


def named(found: list[Case], tag: str) -> list[str | None]:
    """Return the names of the cases with a failure, an error, or that were skipped."""
    return [case.name for case in found if case.result(tag) is not None]
