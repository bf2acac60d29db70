"""Every guard can be priced on every database that carries it."""

from __future__ import annotations

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from booking.core.catalogue import carries
from booking.core.registry import members

GUARDS = {name: guard for name, guard in members("guard") if not hasattr(guard, "serve")}


@pytest.mark.sweep(usual=lambda store: store == "postgres")
@pytest.mark.parametrize("store", ["sqlite", "postgres", "redis"])
def test_a_row_for_each_guard(program: Callable[..., CompletedProcess[str]], store: str) -> None:
    """With connections of its own, opened before the sale; the sound ones lose no sale."""
    kind = dict(members("store"))[store]
    able = [name for name, guard in GUARDS.items() if name != "none" and carries(kind, guard)]
    done = program(
        "bench", "--stores", store, "--guards", ",".join(able), "--locks", "flock", "--buyers", "2",
        "--rounds", "1", "--time", "100ms", "--no-c", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert {row["guard"] for row in rows} == set(able)
    assert all(row["sales_per_s"] > 0 for row in rows)
    assert [row["guard"] for row in rows if row["lost_sales"] and GUARDS[row["guard"]].sound] == []
