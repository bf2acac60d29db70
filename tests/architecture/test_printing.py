"""All output goes through two modules, which write control characters as escapes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

BOUNDARY = {"report/terminal/console.py", "report/terminal/text.py"}
# The program's own lines on standard error, through `printable`; one JSON document, escaped; the
# log of a private server's keeper, which holds no text of a user.
OTHERS = {"cli/main.py", "report/documents.py", "servers/supervisor.py"}
FILES = sorted((ROOT / "booking").rglob("*.py"))
PRINTS = {
    "print", "echo of click", "secho of click", "Console of rich", "escape of rich",
    "write of stdout", "write of stderr",
}  # fmt: skip


def prints(source: str) -> set[str]:
    """Return which ways to print past the boundary a module uses."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found.add(_called(node.func))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rich"):
            found |= {f"{alias.name} of rich" for alias in node.names}
    return found & PRINTS


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    if not isinstance(function, ast.Attribute):
        return ""
    owner = function.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return f"{function.attr} of {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_prints_past_the_boundary(path: Path) -> None:
    """Any other print would show a stranger's escape sequences to the terminal."""
    name = str(path.relative_to(ROOT / "booking"))
    if name in BOUNDARY | OTHERS:
        return
    found = prints(path.read_text())
    typed_only = {"Console of rich"} if name == "report/terminal/benchmark.py" else set()
    assert not found - typed_only


@pytest.mark.parametrize(
    "source",
    [
        "print(1)", "click.echo('x')", "sys.stderr.write('x')", "from rich.console import Console",
        "from rich.markup import escape",
    ],
)  # fmt: skip
def test_the_test_above_can_fail(source: str) -> None:
    """Each way to print past the boundary is seen."""
    assert prints(source)
