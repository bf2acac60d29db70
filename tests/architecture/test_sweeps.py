"""Sweeps leave a case of each kind in the normal run, and shards are disjoint and complete."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from tests.support.sweeps import KINDS, shard


def test_each_kind_has_a_case_in_the_normal_run(request: pytest.FixtureRequest) -> None:
    """A test all of whose cases are slow would be run by `make test-all` alone."""
    kinds = request.config.stash[KINDS]
    assert [kind for kind, (normal, _) in kinds.items() if normal == 0] == []


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_each_test_is_in_one_shard(shards: int) -> None:
    """And no shard of many tests is empty."""
    parts = [shard(f"{number}/{shards}") for number in range(1, shards + 1)]
    ids = [f"tests/test_x.py::test_y[{number}]" for number in range(200)]
    assert all(sum(part(test_id) for part in parts) == 1 for test_id in ids)
    assert all(any(map(part, ids)) for part in parts)


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b"])
def test_a_shard_that_does_not_exist_is_refused(text: str) -> None:
    """Instead of running nothing, and passing."""
    with pytest.raises(ArgumentTypeError, match="write K/N"):
        shard(text)
