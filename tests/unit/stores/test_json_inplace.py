"""A JSON file that is written in place is empty between its two steps."""

from __future__ import annotations

from pathlib import Path

from booking.core.protocols import Place
from booking.core.steps import driven_by
from booking.stores.json_inplace import JsonInplaceStore
from booking.testing.contracts.drivers import StepRecorder


def place(path: Path, durable: bool = False) -> Place:
    return Place(str(path), path.parent, durable)


def test_in_place_the_file_is_empty_between_its_two_steps(tmp_path: Path) -> None:
    """Truncate comes first, then write; each is announced before it happens."""
    path = tmp_path / "data.json"
    store = JsonInplaceStore(place(path))
    store.reset(3)
    sizes: list[tuple[str, int]] = []

    class Look(StepRecorder):
        def step(self, action: str, resource: str, value: int | None) -> None:
            sizes.append((action, path.stat().st_size))

    with driven_by(Look()):
        store.write(2)
    assert [action for action, _ in sizes] == ["truncate", "write"]
    assert sizes[0][1] > 0
    assert sizes[1][1] == 0
