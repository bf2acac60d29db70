"""What rooms of the package share in their tests."""

from __future__ import annotations

import pytest

from booking.experiments.matrix import Column, fill


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Column]:
    folder = tmp_path_factory.mktemp("found")
    guards = ["none", "atomic", "compensate"]
    return {one.guard: one for one in fill(["sqlite"], guards, 3, folder)}
