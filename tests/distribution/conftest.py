"""Build once for all tests of a process."""

from __future__ import annotations

import pytest

from tests.support.distributions import Built, build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the wheel and the source distribution."""
    return build(tmp_path_factory.mktemp("built"))
