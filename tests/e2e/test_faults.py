"""One system call fails, or kills its process: nothing torn, nothing lost, nothing left behind.

Each case is a run with another call that fails, in the harness or in a buyer. The calls were
counted in a run without a fault. See `tests/support/faulty_program.py`.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from booking.core.protocols import Place
from booking.stores.json_replaced import JsonStore
from tests.support.faulty_program import (
    COMPILER,
    HARNESS,
    KILL_AFTER,
    KILL_BEFORE,
    Fault,
    FaultyProgram,
    Run,
    faulty_program,
    in_session,
    sites,
)

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler: no call can be wrapped")

TICKETS = 5
EACH = 12  # calls of a kind, of which many are alike: a few of the first, last and in between
GONE_S = 15.0
SALE = ("simulate", "--buyers", "2", "--delay", "0ms", "--timeout", "5s", "--no-control",
        "--seed", "1", "--json")  # fmt: skip


class Scene(NamedTuple):
    """A command, and in how many parts its faults are tried."""

    words: tuple[str, ...]
    parts: int
    store: str = "json"

    @property
    def is_sale(self) -> bool:
        return self.words[0] == "simulate"


SCENES = {
    "buy": Scene(("buy", "--durable"), 8),
    "buy of sqlite": Scene(("buy",), 8, "sqlite"),
    "sale": Scene((*SALE, "--lock", "--history", "h.jsonl"), 32),
    "sale of sqlite": Scene((*SALE, "--guard", "atomic"), 12, "sqlite"),
    "sale with a clerk": Scene((*SALE, "--guard", "clerk"), 12),
}
CASES = [(name, part) for name, scene in SCENES.items() for part in range(scene.parts)]


class Stage:
    """Runs a scene in a folder that is made anew each time."""

    def __init__(self, program: FaultyProgram, root: Path) -> None:
        self.program = program
        self.folder = root / "here"
        self.scratch = root / "t"
        self._faults: dict[tuple[str, bool], list[Fault]] = {}

    def faults(self, name: str, *, errors: bool) -> list[Fault]:
        """Return the faults of a scene: those of a kind thinned out where it has many calls."""
        key = (name, errors)
        if key not in self._faults:
            run = self.run(SCENES[name], None)
            assert run.code in {0, 3}, run  # 3: no two orders overlapped
            self._faults[key] = thinned(sites(run.counts, errors=errors))
        return self._faults[key]

    def run(self, scene: Scene, fault: Fault | None) -> Run:
        for folder in (self.folder, self.scratch):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        url = self.url(scene)
        if scene.store == "json":
            (self.folder / "data.json").write_text(f'{{"event": "x", "ticket_num": {TICKETS}}}')
        else:
            done = self.act(None, "reset", "--store", url, "--tickets", str(TICKETS))
            assert done.code == 0, done
        return self.act(fault, *scene.words, "--store", url)

    def act(self, fault: Fault | None, *words: str) -> Run:
        return self.program.run(self.folder, fault, *words, TMPDIR=str(self.scratch))

    def url(self, scene: Scene) -> str:
        return f"json:{self.folder}/data.json" if scene.store == "json" else "sqlite:sale.db"

    def count(self, scene: Scene) -> int:
        """Return the count as another program reads it, whole."""
        if scene.store == "json":
            document = json.loads((self.folder / "data.json").read_text())
            assert document["event"] == "x"
            return int(document["ticket_num"])
        with closing(sqlite3.connect(self.folder / "sale.db")) as connection:
            return int(connection.execute("SELECT remaining FROM booking_inventory").fetchone()[0])

    def ensure_clean(self, scene: Scene, count: int, fault: Fault, session: int) -> None:
        """Run the next command on the inventory; behind that nothing is left but what lasts."""
        deadline_s = time.monotonic() + GONE_S
        while left := in_session(session):
            assert time.monotonic() < deadline_s, (fault, left)
            time.sleep(0.02)
        search = self.act(None, "search", "--store", self.url(scene), "--json")
        assert (search.code, search.err) == (0, ""), (fault, search)
        assert json.loads(search.out)["remaining"] == count, fault
        again = self.act(None, *scene.words, "--store", self.url(scene))
        assert again.code in {0, 1, 3}, (fault, again)  # fewer are left: perhaps none is at stake
        while left := self.left(fault):
            assert time.monotonic() < deadline_s, (fault, left)
            # A zombie that its reaper has not seen yet still has its number.
            self.act(None, "search", "--store", self.url(scene))

    def left(self, fault: Fault) -> list[str]:
        lasting = {"data.json", "data.json.lock", "h.jsonl", "sale.db", "sale.db-wal",
                   "sale.db-shm", "sale.db.lock"}  # fmt: skip
        names = [path.name for path in self.folder.iterdir() if path.name not in lasting]
        # The interpreter tries a temporary folder with a file that is its own, and eight letters.
        probes = fault.call in {"unlink", "close", "write"} or fault.what in {-1, -2}
        scratch = [path.name for path in self.scratch.iterdir()]
        return names + [name for name in scratch if not (probes and len(name) == 8)]


def thinned(faults: list[Fault]) -> list[Fault]:
    kinds: dict[tuple[int, str], list[Fault]] = {}
    for fault in faults:
        kinds.setdefault((fault.scope, fault.call), []).append(fault)
    chosen = []
    for kind in kinds.values():
        third = EACH // 3
        middle = kind[third:-third]
        step = max(1, len(middle) // third)
        chosen += (
            kind if len(kind) <= EACH else kind[:third] + middle[::step][:third] + kind[-third:]
        )
    return chosen


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    root = tmp_path_factory.mktemp("faults")
    (root / "o").mkdir()
    with faulty_program(root / "o") as program:
        yield Stage(program, root)


def ensure_told(run: Run, fault: Fault) -> None:
    """No traceback, no defect, one line where it is an error; a document where it is none."""
    assert run.code in {0, 1, 2, 3}, (fault, run)
    for sign in ("Traceback", "defect of booking", "Exception ignored"):
        assert sign not in run.err, (fault, run.err)
    if run.code == 2:
        assert run.err.count("\n") == 1, (fault, run.err)


def ensure_consistent(run: Run, fault: Fault, scene: Scene, count: int) -> None:
    """What the buyer was told is what happened; what it was not told is said to be open."""
    taken = TICKETS - count
    assert 0 <= taken <= 2, fault
    if run.code == 2 and not run.struck:
        pytest.fail(f"{fault}: refused without a fault: {run.err}")
    if not scene.is_sale:
        expected = {0: {1}, 1: {0}, 2: {0}}
        may_be = "may have" in run.err or "was sold" in run.err or "bought" in run.err
        assert taken in expected[run.code] or (run.code == 2 and may_be), (fault, run, count)
        return
    if run.code == 2:
        if run.out:  # one document: of the sale, or of the error
            json.loads(run.out)
        return
    sale: dict[str, Any] = json.loads(run.out)
    assert sale["verdict"] != "invalid", (fault, sale["reason"], sale["anomalies"])
    assert sale["remaining"] in {count, None}, (fault, sale)
    assert sale["sold"] <= taken <= sale["sold"] + sale["operations"]["info"] or (
        sale["verdict"] == "unknown"
    ), (fault, sale)
    assert sale["sold"] <= taken, (fault, sale)


@pytest.mark.sweep(usual=lambda name, part: name in {"buy", "sale"} and part == 0)
@pytest.mark.parametrize("name, part", CASES)
def test_a_call_that_fails_does_no_harm(stage: Stage, name: str, part: int) -> None:
    scene = SCENES[name]
    faults = stage.faults(name, errors=True)[part :: scene.parts]
    assert faults
    for fault in faults:
        run = stage.run(scene, fault)
        assert in_session(run.session) == [], fault
        ensure_told(run, fault)
        count = stage.count(scene)
        ensure_consistent(run, fault, scene, count)
        stage.ensure_clean(scene, count, fault, run.session)


@pytest.mark.sweep(usual=lambda name, part: name in {"buy", "sale"} and part == 0)
@pytest.mark.parametrize("name, part", [case for case in CASES if "sqlite" not in case[0]])
def test_a_kill_at_a_system_call_loses_nothing(stage: Stage, name: str, part: int) -> None:
    """In the harness or in a buyer; right before the call, or right behind it."""
    scene = SCENES[name]
    for fault in stage.faults(name, errors=False)[part :: 2 * scene.parts]:
        run = stage.run(scene, fault)
        count = stage.count(scene)
        assert 0 <= TICKETS - count <= 2, fault
        if run.code == -9:
            assert (fault.scope, run.struck) == (HARNESS, True), fault
        else:
            ensure_told(run, fault)
            ensure_consistent(run, fault, scene, count)
        stage.ensure_clean(scene, count, fault, run.session)


@pytest.mark.sweep(usual=lambda kills: kills == 8)
@pytest.mark.parametrize("kills", [8, 80])
def test_readers_see_no_torn_and_no_rising_count_while_buyers_are_killed(
    stage: Stage, kills: int
) -> None:
    scene = Scene((*SALE, "--lock"), 1)
    stage.run(scene, None)
    path = stage.folder / "data.json"
    path.write_text('{"event": "x", "ticket_num": 100000}')
    faults = [
        Fault(scope, call, at, (KILL_BEFORE, KILL_AFTER)[at % 2])
        for at in range(4)
        for scope in (0, 1)
        for call in ("create", "write", "rename", "close", "open", "control", "lock", "unlink",
                     "mode", "stat")
    ]  # fmt: skip
    ended = threading.Event()
    read: list[int] = []
    problems: list[str] = []

    def reading(look: Callable[[], int]) -> None:
        least = 100_000
        while not ended.is_set():
            try:
                count = look()
            except Exception as error:
                problems.append(f"{type(error).__name__}: {error}")
                return
            if count > least:
                problems.append(f"{count} after {least}")
                return
            least = count
            read.append(count)

    store = JsonStore(Place(str(path), stage.scratch))
    foreign = lambda: int(json.loads(path.read_text())["ticket_num"])  # noqa: E731
    readers = [threading.Thread(target=reading, args=(look,)) for look in (store.read, foreign)]
    for reader in readers:
        reader.start()
    told = struck = 0
    for number in range(3 * kills):
        if struck == kills:
            break
        run = stage.act(faults[number % len(faults)], *scene.words, "--store", f"json:{path}")
        struck += run.struck
        told += json.loads(run.out)["sold"] if run.code in {0, 3} else 0
    ended.set()
    for reader in readers:
        reader.join()
    assert problems == []
    print(f"{kills} kills, {struck} struck, {len(read):,} reads, {told} sold")
    assert struck == kills
    assert 100_000 - foreign() >= told
    stage.ensure_clean(scene, foreign(), faults[0], run.session)


def test_the_faults_strike(stage: Stage) -> None:
    """A fault that never comes would show nothing."""
    for name in ("buy", "sale"):
        faults = stage.faults(name, errors=True)
        assert len(faults) > 40
        assert len({fault.what for fault in faults}) >= 5
        assert stage.run(SCENES[name], faults[0]).struck
    kill = next(fault for fault in stage.faults("buy", errors=False) if fault.call == "create")
    assert stage.run(SCENES["buy"], kill).code == -9
    assert in_session(1 << 30) == []
