"""The pinned packages follow `pyproject.toml`: a file a set, hashes for each, no addresses."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]
SETS = {
    "run": [*PROJECT["project"]["dependencies"], *GROUPS["build"]],
    "test": GROUPS["test"],
    "check": GROUPS["check"],
    "adapters": GROUPS["adapters"],
}
LOCKS = {name: (ROOT / f"requirements/{name}.lock").read_text() for name in SETS}
PIN = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Return each package of a set with its version."""
    return dict(PIN.findall(LOCKS[name]))


def wanted(name: str) -> set[str]:
    """Return the packages that `pyproject.toml` names for a set."""
    names = (re.match(r"[\w.-]+", requirement) for requirement in SETS[name])
    return {match[0].replace("_", "-").lower() for match in names if match}


@pytest.mark.parametrize("name", SETS)
def test_each_package_of_a_set_is_pinned(name: str) -> None:
    """`make lock` was run after the last change of `pyproject.toml`."""
    assert wanted(name) <= set(pins(name))


@pytest.mark.parametrize("name", SETS)
def test_each_pin_has_a_hash_and_no_file_an_address(name: str) -> None:
    """Where packages come from is a matter of the machine."""
    assert "://" not in LOCKS[name]
    assert "--index" not in LOCKS[name]
    blocks = re.split(r"^(?=[\w.-]+==)", LOCKS[name], flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_sets_agree_on_versions() -> None:
    """They are installed into one environment."""
    for package, version in pins("check").items():
        for other in ("run", "test"):
            assert pins(other).get(package, version) == version, package


def test_a_sale_needs_neither_servers_nor_tools() -> None:
    """`make demo` is quick: what tests and checks need is in no file that it installs."""
    both = wanted("test") | wanted("check")
    assert not both & set(pins("run"))


def test_no_set_has_the_peer() -> None:
    """frontrun is measured beside ours; nothing else needs it."""
    assert GROUPS["bench"] == ["frontrun >=0.7"]
    assert all("frontrun" not in pins(name) for name in SETS)
