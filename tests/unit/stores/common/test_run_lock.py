"""Markers of runs and purchases: who may open them, and which are swept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from booking.stores.common.run_lock import KINDS, Kind, _Marker, marker_path, sweep_marker


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("kind", KINDS)
def test_a_marker_may_be_opened_by_those_who_may_write_to_the_inventory(
    tmp_path: Path, kind: Kind
) -> None:
    """Where its process is killed, another user of the inventory goes on."""
    inventory = tmp_path / "data.json"
    inventory.write_text("{}")
    inventory.chmod(0o664)
    os.chown(inventory, 1000, 1000)
    with _Marker(inventory, kind, "alone"):
        facts = marker_path(inventory, kind).stat()
    assert (facts.st_mode & 0o777, facts.st_uid, facts.st_gid) == (0o660, 1000, 1000)


@pytest.mark.parametrize("kind", KINDS)
def test_a_marker_is_swept_where_no_process_holds_it(tmp_path: Path, kind: Kind) -> None:
    """One that is held stays."""
    inventory = tmp_path / "data.json"
    inventory.write_text("{}")
    with _Marker(inventory, kind, "together"):
        sweep_marker(inventory)
        assert marker_path(inventory, kind).exists()
    marker_path(inventory, kind).touch()
    sweep_marker(inventory)
    assert not marker_path(inventory, kind).exists()
