"""A change from outside while a sale runs is noticed and named, and no guard is accused of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.gates import GATES, close_gate, held
from tests.support.workers import Worker, worker

GATED = "tests.support.gates:Gated"
BETWEEN, IDLE = "before the write", "behind the purchase"
TICKETS = 10


def save_by_rename(path: Path, text: str) -> None:
    new = path.with_name("edited")
    new.write_text(text)
    new.rename(path)


def edit(path: Path) -> None:
    """Save another count as an editor does: into a new file, renamed over the old one."""
    save_by_rename(path, '{"ticket_num": 50}\n')


def edit_other_key(path: Path) -> None:
    save_by_rename(path, path.read_text().replace("}", ', "title": "Gala"}'))


def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    os.truncate(path, 0)


def overwrite(path: Path) -> None:
    """Write as `echo >` does: into the same file."""
    path.write_text('{"ticket_num": 50}\n')


def restore(path: Path) -> None:
    """Put the file back as it was before the sale."""
    path.write_text(f'{{"ticket_num": {TICKETS}}}\n')


CHANGES = [edit, edit_other_key, remove, truncate, overwrite, restore]


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gates")


@pytest.fixture(scope="module")
def seller(gates: Path) -> Iterator[Worker]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(GATES, str(gates))
        with worker("tests.support.sale_worker") as process:
            yield process


def sale_with(
    seller: Worker, gates: Path, path: Path, store: str, gate: str, change: Callable[[Path], None]
) -> dict[str, Any]:
    """Run a sale of one buyer after another, and change the file while the first one is held."""
    restore(path)
    close_gate(gates, gate)
    seller.ask({
        "store": f"{store}:{path}", "guard": GATED, "lock": "flock", "buyers": 3,
        "arrival": "serial", "control": False, "search": False, "timeout": "60s",
    })  # fmt: skip
    with held(gates, gate):
        change(path)
    sale: dict[str, Any] = seller.answer()
    return sale


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("gate", [BETWEEN, IDLE], ids=["between read and write", "between sales"])
def test_a_change_of_the_file_is_named(
    seller: Worker, gates: Path, tmp_path: Path, gate: str, change: Callable[[Path], None]
) -> None:
    """The verdict is unknown, whether the change was overwritten or sold from."""
    path = tmp_path / "data.json"
    if (change, gate) == (restore, BETWEEN):
        return  # it is as it was: nothing changes
    sale = sale_with(seller, gates, path, "json", gate, change)
    assert sale["verdict"] == "unknown", sale["reason"]
    assert sale["reason"].startswith("the inventory was changed from outside while the sale ran: ")
    assert sale["anomalies"] == []
    assert sale["outside"]
    assert {one.name for one in tmp_path.iterdir()} <= {
        "data.json", "data.json.lock", "data.json.replaced-1",
    }  # fmt: skip


@pytest.mark.parametrize("store", ["json", "json-inplace"])
@pytest.mark.parametrize("gate", [BETWEEN, IDLE], ids=["between read and write", "between sales"])
def test_a_sale_that_is_left_alone_names_none(
    seller: Worker, gates: Path, tmp_path: Path, gate: str, store: str
) -> None:
    """The test above can fail."""
    sale = sale_with(seller, gates, tmp_path / "data.json", store, gate, lambda _path: None)
    assert (sale["sold"], sale["outside"]) == (3, [])
    assert "outside" not in sale["reason"]


def test_what_an_editor_saved_is_kept(seller: Worker, gates: Path, tmp_path: Path) -> None:
    """A document that is not the sale's is not overwritten without a trace."""
    path = tmp_path / "data.json"
    sale = sale_with(seller, gates, path, "json", BETWEEN, edit_other_key)
    kept = json.loads((tmp_path / "data.json.replaced-1").read_text())
    assert kept == {"ticket_num": TICKETS, "title": "Gala"}
    assert "data.json.replaced-1" in sale["reason"]
    assert json.loads(path.read_text()) == {"ticket_num": TICKETS - 3}


@pytest.mark.parametrize("change", [edit, edit_other_key, remove, truncate, overwrite, restore],
                         ids=lambda change: change.__name__)  # fmt: skip
def test_a_file_that_is_written_in_place_shows_what_is_left_between_sales(
    seller: Worker, gates: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """A torn read of `json-inplace` is its own fault only while one of its buyers writes."""
    path = tmp_path / "data.json"
    sale = sale_with(seller, gates, path, "json-inplace", IDLE, change)
    assert sale["verdict"] == "unknown", sale["reason"]
    assert "changed from outside" in sale["reason"]
