"""`pytest` on `examples/`: the wrong ways fail with a counterexample, and the right ways pass.

A way to sell is a function whose docstring begins with `Wrong:` or `Right:`. The test of a way has
its name in brackets.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import LIMIT_S, ROOT
from tests.support.plugin_site import python_path

EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())
LINES_MAX = 30  # of a shop's ways, without blank lines and docstrings


def ways(folder: Path) -> dict[str, tuple[str, ast.FunctionDef]]:
    """Return each way to sell: its name → the file, and the function."""
    found = {}
    for file in folder.rglob("*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                said = ast.get_docstring(node) or ""
                if said.startswith(("Wrong: ", "Right: ")):
                    found[node.name] = (file.name, node)
    return found


def is_wrong(way: ast.FunctionDef) -> bool:
    return (ast.get_docstring(way) or "").startswith("Wrong")


def statements(nodes: list[ast.FunctionDef]) -> int:
    """Count statements, without docstrings."""
    inner = [node for way in nodes for node in ast.walk(way) if isinstance(node, ast.stmt)]
    return len(inner) - len(nodes)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short_and_has_one_wrong_way_and_two_right_ones(name: str) -> None:
    """And one file of tests."""
    folder = ROOT / "examples" / name
    found = [way for _, way in ways(folder).values()]
    assert [is_wrong(way) for way in found].count(True) == 1
    assert [is_wrong(way) for way in found].count(False) == 2
    assert statements(found) <= LINES_MAX
    assert len(list(folder.rglob("test_*.py"))) == 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_wrong_way_fails_with_its_line_and_the_right_ways_pass(
    name: str, tmp_path: Path
) -> None:
    """The counterexample in the failure names a line of the wrong function."""
    found = ways(ROOT / "examples" / name)
    report = tmp_path / "report.xml"
    subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0",
            f"examples/{name}", f"--junitxml={report}",
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        env={**os.environ, "PYTHONPATH": python_path(tmp_path / ".site")},
    )  # fmt: skip
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - our own file
        failure = case.find("failure")
        way = re.sub(r".*\[(.*)\]", r"\1", case.attrib["name"])
        outcomes[way] = None if failure is None else failure.attrib["message"]
        assert case.find("error") is None, ElementTree.tostring(case)
    assert outcomes.keys() == found.keys()
    for name_of_way, (file, way) in found.items():
        told = outcomes[name_of_way]
        if not is_wrong(way):
            assert told is None, told
            continue
        assert told is not None
        assert "INVALID" in told
        lines = {int(line) for line in re.findall(rf"{file}:(\d+)", told)}
        assert lines & set(range(way.lineno, (way.end_lineno or 0) + 1)), told
