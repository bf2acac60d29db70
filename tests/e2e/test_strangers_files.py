"""A file of a stranger is data: it runs no code, and reaches nothing outside of its folder.

Every key of every model is attacked. A new key is attacked as well, because the tests ask the
models for their keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from booking.core.counterexample import Counterexample
from booking.core.scenario import Scenario
from booking.history.model import Event, SaleEnd
from tests.conftest import Program
from tests.support.explorations import explored
from tests.support.hostile import (
    EVIL,
    UNSAFE,
    Key,
    Neighbourhood,
    keys_of,
    neighbourhood,
    planted,
    toml,
)

DOCUMENTED = {0, 1, 2, 3}
SCENARIO: dict[str, Any] = {
    "buyers": 1, "tickets": 1, "delay": "0ms", "search": False,
    "faults": [{"kind": "pause", "before": "read", "duration": "1ms"}],
    "expect": {"anomalies": []},
}  # fmt: skip
WITNESS = msgspec.to_builtins(explored(2, 1).counterexample)
PLACES = ("json:{folder}/victim.json", "json:victim.json", "sqlite:{folder}/new.db", "redis://h/0")
PERMISSIONS = ("--allow-code", "--allow-places")


def takes_text(key: Key, model: Any = Scenario) -> bool:
    """Return whether a model takes any text for a key, instead of a number or one of a few."""
    document = planted(SCENARIO if model is Scenario else WITNESS, key, "evil:Thing")
    try:
        msgspec.convert(document, model) if model is Counterexample else model(**document)
    except ValueError:
        return False
    return True


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Neighbourhood]:
    made = neighbourhood(tmp_path)
    yield made
    made.server.close()


def attack(around: Neighbourhood, program: Program, file: Path, *command: str) -> None:
    """Run a command on a hostile file; nothing may have happened outside of its folder."""
    before = around.contents()
    done = program(*command, str(file))
    shown = f"{file.read_text()}\n{done.stdout}\n{done.stderr}"
    assert done.returncode in DOCUMENTED, shown
    assert "Traceback" not in done.stderr, shown
    assert around.contents() == before, shown
    assert not around.was_asked(), shown
    assert not UNSAFE.search(done.stdout + done.stderr), shown
    assert done.returncode != 2 or done.stderr.count("\n") == 1, shown


@pytest.mark.sweep(usual=lambda key, every: takes_text(key) and not every)
@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("key", keys_of(Scenario), ids=".".join)
def test_no_key_of_a_scenario_runs_code_or_reaches_out(
    around: Neighbourhood, program: Program, key: Key, every: bool
) -> None:
    """Whatever a key holds: code, a path, a URL, escapes."""
    for number, value in enumerate(around.values(all_of_them=every)):
        file = around.strangers / f"{number}.toml"
        file.write_text(toml(planted(SCENARIO, key, value)))
        attack(around, program, file, "simulate")
    attack(around, program, file, "run")


@pytest.mark.sweep(usual=lambda key, every: takes_text(key, Counterexample) and not every)
@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("key", keys_of(Counterexample), ids=".".join)
def test_no_key_of_a_witness_runs_code_or_reaches_out(
    around: Neighbourhood, program: Program, key: Key, every: bool
) -> None:
    """The same of a witness, whose store may name any place."""
    for number, value in enumerate(around.values(all_of_them=every)):
        file = around.strangers / f"{number}.json"
        file.write_text(json.dumps(planted(WITNESS, key, value)))
        attack(around, program, file, "replay")


@pytest.mark.sweep(usual=lambda key, every: key[0] in {"process", "key", "error"} and not every)
@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("key", keys_of(Event) + [("value", *key) for key in keys_of(SaleEnd)],
                         ids=".".join)  # fmt: skip
def test_no_key_of_a_history_runs_code_or_reaches_out(
    around: Neighbourhood, program: Program, key: Key, every: bool
) -> None:
    """A history names variants only to report them; its texts are shown without escapes."""
    for number, value in enumerate(around.values(all_of_them=every)):
        lines = history(value)
        at = -1 if key[0] == "value" and len(key) > 1 else 3  # the end, or a completion
        lines[at] = planted(lines[at], key, value)
        file = around.strangers / f"{number}.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        attack(around, program, file, "check", "--explain")


def history(value: str) -> list[dict[str, Any]]:
    """Return a short history of a double sale, with a hostile name of its store and title."""
    sale = {"tickets": 1, "store": value, "guard": value, "lock": value, "title": value}
    buy = [
        {"index": at, "process": at % 2, "type": kind, "f": "buy", "time": at}
        for at, kind in ((1, "invoke"), (2, "invoke"), (3, "ok"), (4, "ok"))
    ]
    buy[2]["value"] = buy[3]["value"] = 1
    end = {"remaining": 0, "hung": [], "waits": [{"buyer": 0}]}
    frame = {"process": "harness", "type": "info"}
    first, last = ({**frame, "index": 0, "time": 0}, {**frame, "index": 5, "time": 5})
    return [{**first, "f": "sale", "value": sale}, *buy[:2], {**buy[2], "error": None}, buy[3],
            {**last, "f": "end", "value": end}]  # fmt: skip


NAMED = [
    ("lock", "os:system"), ("guard", "evil:nothing"), ("store", "evil:nothing"),
    ("store", "evil:nothing:place"), ("behaviour", "evil:nothing"),
]  # fmt: skip


@pytest.mark.sweep(usual=lambda command, key: command == "simulate" or key == "lock")
@pytest.mark.parametrize("command", ["simulate", "run"])
@pytest.mark.parametrize("key, value", NAMED)
def test_code_in_a_scenario_needs_the_callers_permission(
    around: Neighbourhood, program: Program, command: str, key: str, value: str
) -> None:
    """Exit code 2 and one line with file, line, key and what to do; with the flag it is run."""
    file = around.strangers / "sale.toml"
    file.write_text(f'buyers = 1\n{key} = "{value}"\n')
    done = program(command, str(file))
    assert done.returncode == 2
    assert done.stderr == (
        f"booking: {file}:2: {key}: '{value}' names code, and a file is data; "
        "give --allow-code if you trust the file and that code\n"
    )
    assert not (around.folder / "RAN").exists()
    program(command, "--allow-code", str(file))
    assert (around.folder / "RAN").exists() == value.startswith("evil")


@pytest.mark.parametrize("key, value", NAMED[:3])
def test_code_in_a_witness_needs_the_callers_permission(
    around: Neighbourhood, program: Program, key: str, value: str
) -> None:
    """The same for `replay`."""
    file = around.strangers / "w.json"
    file.write_text(json.dumps({**WITNESS, key: value}))
    done = program("replay", str(file))
    assert done.returncode == 2
    assert f"{file}: {key}: '{value}' names code" in done.stderr
    assert not (around.folder / "RAN").exists()
    program("replay", "--allow-code", str(file))
    assert (around.folder / "RAN").exists() == value.startswith("evil")


def test_code_on_the_command_line_is_the_callers_own(
    around: Neighbourhood, program: Program
) -> None:
    """A flag needs no permission."""
    program("simulate", "--buyers", "1", "--store", "evil:Thing")
    assert (around.folder / "RAN").exists()


def test_a_place_outside_of_the_files_folder_needs_permission(
    around: Neighbourhood, program: Program
) -> None:
    """It is refused in a file, and fine on the command line or with `--allow-places`."""
    file, victim = around.strangers / "sale.toml", around.folder / "victim.json"
    for place in [template.format(folder=around.folder) for template in PLACES]:
        file.write_text(f'store = "{place}"\nbuyers = 2\ntickets = 5\nlock = "flock"\n')
        done = program("simulate", str(file))
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert f"{file}:1: store: '{place}' is a place outside" in done.stderr
        assert json.loads(victim.read_text()) == {"ticket_num": 77}
    file.write_text('store = "json:victim.json"\nbuyers = 2\ntickets = 5\nlock = "flock"\n')
    assert program("run", "--allow-places", str(file)).returncode == 0
    assert json.loads(victim.read_text()) == {"ticket_num": 3}
    file.write_text('buyers = 2\ntickets = 9\nlock = "flock"\n')
    assert program("simulate", str(file), "--store", f"json:{victim}").returncode == 0
    assert json.loads(victim.read_text()) == {"ticket_num": 7}


def test_a_file_in_the_scenarios_own_folder_is_a_fine_place(
    around: Neighbourhood, program: Program
) -> None:
    """A path means what it means on the command line: it starts at the current folder."""
    file = around.strangers / "sale.toml"
    for store in ("json:stranger/own.json", "sqlite:///stranger/own.db"):
        file.write_text(f'store = "{store}"\nbuyers = 2\ntickets = 5\nlock = "flock"\n')
        done = program("simulate", str(file))
        assert done.returncode == 0, done.stderr
    assert json.loads((around.strangers / "own.json").read_text()) == {"ticket_num": 3}


@pytest.mark.parametrize(
    "place",
    [
        "json:{folder}/victim.json", "json-inplace:victim.json", "sqlite:{folder}/new.db",
        "redis://127.0.0.1:{port}/0",
    ],
)  # fmt: skip
def test_a_witness_is_replayed_on_an_inventory_of_its_own(
    around: Neighbourhood, program: Program, place: str
) -> None:
    """It breaks the sale as it says, and the place that it names is not touched."""
    url = place.format(folder=around.folder, port=around.server.getsockname()[1])
    kind = url.partition(":")[0]
    assert program("explore", "--store", kind, "--buyers", "2", "--tickets", "1", "--guard",
                   "none", "--witness", "w.json").returncode == 1  # fmt: skip
    file = around.folder / "w.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "store": url}))
    before = around.contents()
    done = program("replay", "--times", "2", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert around.contents() == before
    assert not around.was_asked()


def test_a_registered_plugin_needs_no_permission(around: Neighbourhood, program: Program) -> None:
    """What is installed was chosen by the user, and a file may name it."""
    plugins = around.folder / "plugins"
    info = plugins / "plug-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[booking.locks]\nplugged = plug:Lock\n")
    (plugins / "plug.py").write_text(
        "from booking.locks.flock import FlockLock\nclass Lock(FlockLock): pass\n"
    )
    file = around.strangers / "sale.toml"
    file.write_text('buyers = 2\ntickets = 1\nlock = "plugged"\n')
    done = program("simulate", "--no-control", str(file), PYTHONPATH=str(plugins))
    assert "lock plugged" in done.stdout, done.stderr


@pytest.mark.parametrize("allowed", [(), PERMISSIONS])
def test_the_command_that_repeats_a_sale_has_the_permissions_that_it_needs(
    around: Neighbourhood, program: Program, allowed: tuple[str, ...]
) -> None:
    """`again` can be typed as it is; no permission is named that is not needed."""
    file = around.strangers / "sale.toml"
    text = 'store = "json:victim.json"\nbehaviour = "mine:buy"\n' if allowed else ""
    file.write_text(f"buyers = 1\ntickets = 1\n{text}")
    (around.folder / "mine.py").write_text("def buy(buyer):\n    buyer.buy()\n")
    again = json.loads(program("simulate", "--json", *allowed, str(file)).stdout)["replay"]
    assert [word for word in again.split() if word in PERMISSIONS] == list(allowed)


def test_the_trace_is_left_where_code_runs(tmp_path: Path) -> None:
    """The attacks above could fail: the stranger's code does leave its trace."""
    scope = {"__file__": str(tmp_path / "evil.py"), "__name__": "evil"}
    exec(compile(EVIL, "evil.py", "exec"), scope)
    assert (tmp_path / "RAN").exists()
