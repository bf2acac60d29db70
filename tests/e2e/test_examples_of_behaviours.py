"""`pytest examples/NAME`: the wrong way fails and names its line, and the right ways pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import LIMIT_S, ROOT

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/test_shop.py"))
RIGHT_WAYS_MIN = 2


def failures(name: str, folder: Path) -> dict[str, str]:
    """Run the tests of an example; return each with its failure, or an empty text."""
    report = folder / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", f"examples/{name}", f"--junit-xml={report}",
         f"--basetemp={folder / 'shops'}", "-p", "no:cacheprovider"],
        cwd=ROOT, env={**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    cases = ET.parse(report).getroot().iter("testcase")
    return {
        str(case.get("name")): "\n".join(problem.text or "" for problem in case) for case in cases
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_wrong_way_fails_and_the_right_ways_pass(name: str, tmp_path: Path) -> None:
    """A test whose name has `wrong` fails, with a step at a line of the shop; no other does."""
    found = failures(name, tmp_path)
    wrong = {test for test in found if "wrong" in test}
    assert wrong
    assert len(found) - len(wrong) >= RIGHT_WAYS_MIN
    assert {test: text for test, text in found.items() if text and test not in wrong} == {}
    for test in wrong:
        assert "INVALID" in found[test], found[test]
        assert re.search(r"\bshop\.py:\d+", found[test]), found[test]


def test_each_shop_is_short() -> None:
    """The ways of a shop fit on a page."""
    for name in EXAMPLES:
        shop = (ROOT / "examples" / name / "shop.py").read_text().splitlines()
        assert len([line for line in shop if line.strip()]) <= 60, name


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_page_has_the_same_shop(name: str) -> None:
    """Where the page of an example shows a shop, it is that of the folder."""
    page = ROOT / f"docs/how-to/explore-{name}.md"
    text = page.read_text() if page.exists() else ""
    if f"it is also in `examples/{name}/`" in text:
        shop = (ROOT / "examples" / name / "shop.py").read_text()
        assert f"```python\n{shop}```" in text


def test_there_is_an_example() -> None:
    """Else the tests above test nothing."""
    assert {"django", "files", "redis", "sqlalchemy"} <= set(EXAMPLES)
