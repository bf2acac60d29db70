"""Every command that writes an inventory asks for its permit; the one that comes second is refused.

A sale holds the inventory meanwhile: its first buyer stands at a gate until the test opens it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from booking.core.protocols import Place, Store
from booking.core.registry import build, split_url
from booking.errors import InUseError
from booking.stores.common import run_lock
from booking.stores.common.run_lock import Use, file_run_lock, purchase_permit
from tests.conftest import LIMIT_S, Program
from tests.support.gates import GATES, close_gate, held
from tests.support.named_servers import named_server
from tests.support.workers import Worker

GATED = "tests.support.gates:Gated"
TICKETS = 9
BRIEF = ("--acquire-timeout", "100ms")
RUNNING = "another sale is running on it (process {pid}); wait for it"

# What each command writes; `{url}` is filled in.
COMMANDS: dict[str, tuple[str, ...]] = {
    "reset": ("reset", "--store", "{url}", "--tickets", "77"),
    "buy": ("buy", "--store", "{url}", "--guard", "none", *BRIEF),
    "buy with another lock": ("buy", "--store", "{url}", "--lock=soft", *BRIEF),
    "simulate": ("simulate", "--store", "{url}", "--tickets", "77", "--no-control"),
    "simulate what is there": ("simulate", "--store", "{url}", "--no-control"),
    "schedule": (
        "simulate", "--store", "{url}", "--schedule", "random", "--buyers", "2", "--no-control",
    ),
    "run": ("run", "sale.toml", "--allow-places"),
    "bench": (
        "bench", "--stores", "{url}", "--guards", "none", "--buyers", "2", "--rounds", "1",
        "--time", "20ms", "--no-c",
    ),
}  # fmt: skip
STORES = ["json", "json-inplace", "sqlite", "postgres", "redis"]
USUAL = {"json", "sqlite"}


@pytest.fixture
def url(store: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name an inventory with tickets in it."""
    if store in {"postgres", "redis"}:
        with named_server(store, tmp_path_factory.mktemp("server")) as server:
            yield server
    else:
        yield f"{store}:{tmp_path / 'inventory'}"


def opened(url: str, folder: Path) -> Store:
    name, location = split_url(url)
    store: Store = build("store", name, Place(location, folder))
    return store


def begin(seller: Worker, gates: Path, url: str) -> None:
    close_gate(gates, "before the write")
    seller.ask({
        "store": url, "tickets": TICKETS, "guard": GATED, "lock": "flock", "buyers": 3,
        "control": False, "search": False, "delay": "0ms", "timeout": "60s",
    })  # fmt: skip


@pytest.mark.sweep(usual=lambda store: store in USUAL)
@pytest.mark.parametrize("store", STORES)
def test_a_command_that_writes_is_refused_while_a_sale_runs(
    seller: Worker, gates: Path, program: Program, tmp_path: Path, store: str, url: str
) -> None:
    """It says who has the inventory, in one line, and the sale is what it would have been."""
    (tmp_path / "sale.toml").write_text(f'store = "{url}"\ntickets = 77\ncontrol = false\n')
    begin(seller, gates, url)
    with held(gates, "before the write"):
        for name, words in COMMANDS.items():
            done = program(*(word.format(url=url) for word in words))
            said = done.stdout + done.stderr
            assert done.returncode == 2, (name, said)
            assert RUNNING.format(pid=seller.pid) in said, (name, said)
            assert "Traceback" not in said
        still = opened(url, tmp_path)
        assert still.read() == TICKETS
        still.close()
    sale = seller.answer()
    assert (sale["verdict"], sale["outside"], sale["remaining"]) == ("valid", [], TICKETS - 3)


def test_a_purchase_with_the_lock_of_the_sale_joins_it(
    seller: Worker, gates: Path, tmp_path: Path
) -> None:
    """It waits for the lock, both sell, and the sale says that it was not alone."""
    url = f"json:{tmp_path / 'data.json'}"
    begin(seller, gates, url)
    with held(gates, "before the write"):
        words = [sys.executable, "-m", "booking", "buy", "--store", url, "--quantity", "2"]
        buyer = subprocess.Popen([*words, "--json"], stdout=subprocess.PIPE, text=True)
        wait_until_noted(tmp_path / ".data.json.sale")
    sale = seller.answer()
    assert buyer.stdout is not None
    answer = json.loads(buyer.communicate(timeout=LIMIT_S)[0])
    assert (answer["type"], buyer.returncode) == ("ok", 0)
    assert sale["verdict"] == "unknown"
    assert sale["outside"][0] == f"booking buy (process {buyer.pid}) came for 2 tickets"
    assert sale["sold"] == 3
    assert opened(url, tmp_path).read() == TICKETS - 3 - 2
    assert {one.name for one in tmp_path.iterdir()} == {"data.json", "data.json.lock"}


def wait_until_noted(marker: Path) -> None:
    while b"bought" not in marker.read_bytes():
        pass


def test_purchases_by_hand_do_not_keep_each_other_out(program: Program, tmp_path: Path) -> None:
    """One comes while another is under way: it needs the lock, and no permit of its own."""
    url = f"json:{tmp_path / 'data.json'}"
    assert program("reset", "--store", url, "--tickets", "3").returncode == 0
    with purchase_permit(opened(url, tmp_path), url, Use("a purchase", "flock", brief=True), 1):
        assert program("buy", "--store", url).returncode == 0
        done = program("simulate", "--store", url)
        assert done.returncode == 2
        assert "data.json: a purchase by hand is running on it; wait for it" in done.stderr
    assert {one.name for one in tmp_path.iterdir()} == {"data.json", "data.json.lock"}


def test_purchases_from_a_database_wait_for_each_other(program: Program, tmp_path: Path) -> None:
    """One that rearranges the tickets has them alone, for a moment."""
    url = f"sqlite:{tmp_path / 'sale.db'}"
    assert program("reset", "--store", url, "--tickets", "3").returncode == 0
    words = [sys.executable, "-m", "booking", "buy", "--store", url]
    with file_run_lock(tmp_path / "sale.db", Use("a purchase", brief=True)):
        buyer = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            buyer.wait(0.3)
    assert buyer.wait(LIMIT_S) == 0
    assert opened(url, tmp_path).read() == 2
    assert not [one for one in tmp_path.iterdir() if one.name.endswith((".sale", ".buy"))]


def test_the_permit_of_a_killed_sale_is_free(gates: Path, program: Program, tmp_path: Path) -> None:
    """The next command removes the marker that was left; a process number in it holds nothing."""
    path = tmp_path / "data.json"
    close_gate(gates, "before the write")
    words = ["simulate", "--store", f"json:{path}", "--tickets", "9", "--guard", GATED]
    sale = subprocess.Popen(
        [sys.executable, "-m", "booking", *words, "--lock=flock", "--no-control"],
        env={**os.environ, GATES: str(gates)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    with held(gates, "before the write"):
        sale.send_signal(signal.SIGKILL)
        sale.wait(LIMIT_S)
    marker = tmp_path / ".data.json.sale"
    with marker.open() as held_by_buyers:
        fcntl.flock(held_by_buyers, fcntl.LOCK_EX)  # had when the last buyer is dead
    alive = json.loads(marker.read_bytes().splitlines()[0]) | {"pid": os.getpid()}
    marker.write_text(json.dumps(alive) + "\n")
    for command in (("buy", "--guard", "none"), ("reset", "--tickets", "4"), ("buy",)):
        done = program(command[0], "--store", f"json:{path}", *command[1:])
        assert done.returncode == 0, done.stderr
        assert not marker.exists()


def test_a_reset_waits_for_a_program_that_holds_the_lock(program: Program, tmp_path: Path) -> None:
    """A purchase of the user's own program that is under way would write over it."""
    from booking.locks.flock import FlockLock

    path = tmp_path / "data.json"
    path.write_text('{"ticket_num": 3}')
    lock = FlockLock(tmp_path / "data.json.lock")
    assert lock.acquire(1.0)
    words = [sys.executable, "-m", "booking", "reset", "--store", f"json:{path}", "--tickets", "5"]
    reset = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    while not (tmp_path / ".data.json.sale").exists():
        pass
    with pytest.raises(subprocess.TimeoutExpired):
        reset.wait(0.2)
    assert json.loads(path.read_text()) == {"ticket_num": 3}
    path.write_text('{"ticket_num": 2}')
    lock.release()
    assert reset.wait(LIMIT_S) == 0
    assert json.loads(path.read_text()) == {"ticket_num": 5}


def test_a_benchmark_puts_back_what_a_named_inventory_had(program: Program, tmp_path: Path) -> None:
    """A file that was not there is not left either."""
    path = tmp_path / "data.json"
    words = [word.format(url=f"json:{path}") for word in COMMANDS["bench"]]
    assert program(*words).returncode in {0, 3}
    assert not path.exists()
    path.write_text('{"ticket_num": 3, "title": "Gala"}')
    assert program(*words).returncode in {0, 3}
    assert json.loads(path.read_text()) == {"ticket_num": 3, "title": "Gala"}


def test_a_process_that_a_buyer_left_holds_no_permit_of_a_sale_that_ended(tmp_path: Path) -> None:
    """It has the marker open; the sale gives the permit back all the same."""
    with file_run_lock(tmp_path / "data.json"):
        left = os.fork()
        if left == 0:
            signal.pause()
    try:
        with file_run_lock(tmp_path / "data.json"):
            pass
    finally:
        os.kill(left, signal.SIGKILL)
        os.waitpid(left, 0)


def test_the_permit_of_a_killed_sale_is_held_while_a_buyer_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is dead it may still write."""
    monkeypatch.setattr(run_lock, "BRIEF_S", 0.1)  # of those that only look at its marker
    ready, tell = os.pipe()
    harness = os.fork()
    if harness == 0:
        with file_run_lock(tmp_path / "data.json"):
            buyer = os.fork()
            if buyer == 0:
                signal.pause()
            os.write(tell, str(buyer).encode())
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(harness, 0)
    buyer = int(os.read(ready, 20))
    with pytest.raises(InUseError), file_run_lock(tmp_path / "data.json"):
        pass
    os.kill(buyer, signal.SIGKILL)
    with (tmp_path / ".data.json.sale").open() as marker:
        fcntl.flock(marker, fcntl.LOCK_EX)
    with file_run_lock(tmp_path / "data.json"):
        pass
    assert not list(tmp_path.iterdir())


ONE = """
from pathlib import Path
from booking.core.protocols import Place
from booking.stores.json_replaced import JsonStore

class One(JsonStore):
    def __init__(self):
        super().__init__(Place(str(Path(__file__).with_name("one.json")), Path("."), False, 1.0))
"""


def test_an_exploration_of_the_one_inventory_of_a_class_takes_its_permit(
    program: Program, tmp_path: Path
) -> None:
    """It resets that thousands of times, so a sale beside it would be lost."""
    (tmp_path / "shop.py").write_text(ONE)
    inventory = tmp_path / "one.json"
    inventory.write_text('{"ticket_num": 7}')
    words = ("explore", "--store", "shop:One", "--buyers", "2", "--tickets", "1", "--lock")
    with file_run_lock(inventory):
        refused = program(*words)
        assert refused.returncode == 2, refused.stderr
        assert f"{inventory}: another sale is running on it" in refused.stderr
        assert inventory.read_text() == '{"ticket_num": 7}'
    assert program(*words).returncode in {0, 3}
