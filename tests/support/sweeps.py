"""Sweeps and shards: which cases the normal run leaves to `make test-all`, and in which part."""

from __future__ import annotations

import inspect
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from zlib import crc32

import pytest

KINDS = pytest.StashKey[dict[str, tuple[int, int]]]()


def usual(item: pytest.Item) -> bool:
    """Return what the test's `sweep` says of its parameters; a test of no sweep is usual."""
    marker = item.get_closest_marker("sweep")
    if marker is None:
        return True
    ask: Callable[..., bool] = marker.kwargs["usual"]
    params = item.callspec.params  # type: ignore[attr-defined]  # a sweep is parametrized
    return ask(**{name: params[name] for name in inspect.signature(ask).parameters})


def kinds(items: list[pytest.Item]) -> dict[str, tuple[int, int]]:
    """Count the usual and the slow cases of each test function."""
    counts: dict[str, tuple[int, int]] = {}
    for item in items:
        kind = item.nodeid.partition("[")[0]
        normal, slow = counts.get(kind, (0, 0))
        is_slow = item.get_closest_marker("slow") is not None
        counts[kind] = (normal + (not is_slow), slow + is_slow)
    return counts


def shard(text: str) -> Callable[[str], bool]:
    """Read `K/N`; return a function that says whether a test is in the shard, by its id."""
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if match is None or int(match[1]) > int(match[2]):
        raise ArgumentTypeError(f"{text!r}: write K/N, as in 1/4, with K from 1 to N")
    k, n = int(match[1]), int(match[2])
    return lambda test_id: crc32(test_id.encode()) % n == k - 1
