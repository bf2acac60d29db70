"""The loop in C, which needs a compiler."""

from __future__ import annotations

import pytest

from booking.bench import baseline


def test_without_a_compiler_there_is_no_c_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """And with one it sells."""
    monkeypatch.setenv("PATH", "")
    from booking.system.scratch import scratch_folder

    with scratch_folder() as folder:
        assert baseline.compile_limit(folder) is None
