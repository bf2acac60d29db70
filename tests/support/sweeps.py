"""Sweeps and shards: which cases the normal run leaves to `make test-all`, and in which part."""

from __future__ import annotations

import inspect
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any
from zlib import crc32

import pytest

from booking.testing.contracts.base import Contract

KINDS = pytest.StashKey[dict[str, tuple[int, int]]]()


def usual(item: pytest.Item) -> bool:
    """Return what the test's `sweep` says of its parameters; a test of no sweep is usual."""
    marker = item.get_closest_marker("sweep")
    if marker is None:
        return True
    ask: Callable[..., bool] = marker.kwargs["usual"]
    params = _params(item)
    return ask(**{name: params[name] for name in inspect.signature(ask).parameters})


def _params(item: Any) -> dict[str, Any]:
    """Return the parameters of a test, or the attributes of its contract and the fact's name."""
    if hasattr(item, "callspec"):
        params: dict[str, Any] = item.callspec.params
        return params
    return {**vars(item.cls), "fact": item.originalname}


def kinds(items: list[pytest.Item]) -> dict[str, tuple[int, int]]:
    """Count the usual and the slow cases of each test function."""
    counts: dict[str, tuple[int, int]] = {}
    for item in items:
        kind = _kind(item)
        normal, slow = counts.get(kind, (0, 0))
        is_slow = item.get_closest_marker("slow") is not None
        counts[kind] = (normal + (not is_slow), slow + is_slow)
    return counts


def _kind(item: pytest.Item) -> str:
    """Return a test's id without its parameters; a fact of a contract is one kind everywhere."""
    file, *classes, function = item.nodeid.partition("[")[0].split("::")
    if issubclass(getattr(item, "cls", None) or object, Contract):
        classes = []
    return "::".join((file, *classes, function))


def shard(text: str) -> Callable[[str], bool]:
    """Read `K/N`; return a function that says whether a test is in the shard, by its id."""
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if match is None or int(match[1]) > int(match[2]):
        raise ArgumentTypeError(f"{text!r}: write K/N, as in 1/4, with K from 1 to N")
    k, n = int(match[1]), int(match[2])
    return lambda test_id: crc32(test_id.encode()) % n == k - 1
