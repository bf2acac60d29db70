"""Imports only go down, and siblings in a folder of variants never import one another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "booking"

# From the top to the bottom; a module may import from its own layer and from those below.
LAYERS = [
    {"__main__"},
    {"cli", "testing"},
    {"report"},
    {"expectation", "bench", "proof", "replaying", "matrix"},
    {"sale", "catalogue"},
    {"fleet", "explore", "judge", "histories"},
    {"stores", "locks", "guards"},
    {
        "purchase",
        "inventory_file",
        "spare_file",
        "exchange",
        "library_lock",
        "counter",
        "scratch",
        "witness",
        "sale_permit",
        "arranging",
        "retrying",
        "holding",
        "sql_inventory",
        "servers",
    },
    {"scenario", "document"},
    {
        "contracts",
        "steps",
        "history",
        "verdict",
        "registry",
        "units",
        "masking",
        "pids",
        "copies",
        "patience",
        "mailbox",
        "idle",
    },
    {"errors", ""},
]
VARIANTS = {"stores", "locks", "guards"}  # one file each, and none knows another
PURE = {"judge": {"contracts", "history", "verdict", "errors", "judge", ""}}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Name a file by its first part below the package: `cli`, `sale`, `` for the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def rank(name: str) -> int:
    return next(at for at, layer in enumerate(LAYERS) if name in layer)


def imported(source: str) -> set[str]:
    """Give the modules below `booking` that a source imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name == "booking" or name.startswith("booking."):
                found.add(name)
    return found


def upward(name: str, source: str) -> list[str]:
    """Give the imports of a module that point up."""
    targets = {one: [*one.split("."), ""][1] for one in imported(source)}
    known = {part for layer in LAYERS for part in layer}
    return [
        one
        for one, target in targets.items()
        if rank(target if target in known else "") < rank(name)
    ]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_go_down(path: Path) -> None:
    """A module imports from its own layer and from those below."""
    assert upward(name_of(path), path.read_text()) == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_variants_do_not_know_one_another(path: Path) -> None:
    """A store imports no other store, a lock no other lock, a guard no other guard."""
    name = name_of(path)
    if name in VARIANTS:
        siblings = [one for one in imported(path.read_text()) if one.split(".")[1] == name]
        assert siblings == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_judge_is_pure(path: Path) -> None:
    """The judge knows histories and verdicts, and nothing that runs, reads or writes."""
    allowed = PURE.get(name_of(path))
    if allowed is not None:
        reached = {[*one.split("."), ""][1] for one in imported(path.read_text())}
        assert reached <= allowed


def test_an_import_that_points_up_is_found() -> None:
    """The check itself can fail: a store that imports a sale is caught."""
    assert upward("stores", "from booking.sale import run_sale") == ["booking.sale.run_sale"]
    assert upward("cli", "from booking.sale import run_sale") == []


def test_every_module_has_a_layer() -> None:
    """A new folder has to be given its place."""
    known = {part for layer in LAYERS for part in layer}
    assert {name_of(path) for path in modules()} <= known
