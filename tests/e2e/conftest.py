"""A sale in a process of its own, which waits at the gates that a test closes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gates import GATES
from tests.support.workers import Worker, worker


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the gates."""
    return tmp_path_factory.mktemp("gates")


@pytest.fixture(scope="module")
def seller(gates: Path) -> Iterator[Worker]:
    """Return the process, which sells what it is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(GATES, str(gates))
        with worker("tests.support.sale_worker") as process:
            yield process
