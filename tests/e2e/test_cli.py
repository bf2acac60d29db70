"""The program as people and scripts meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from booking.cli.main import COMMANDS, main
from booking.core.registry import BUILT_IN
from tests.conftest import ROOT
from tests.support.golden import golden

Program = Callable[..., subprocess.CompletedProcess[str]]
Capture = pytest.CaptureFixture[str]

HEAVY = ("pydantic", "rich", "filelock", "msgspec", "multiprocessing", "greenlet", "hypothesis")


def test_help_imports_nothing_heavy() -> None:
    """So that it stays quick."""
    code = (
        "import sys; from booking.cli.main import main; main(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stderr == "[]\n"


def test_help_reads_well(fresh_program: Program) -> None:
    """With first steps and the exit codes."""
    done = fresh_program("--help", COLUMNS="100")
    assert done.returncode == 0
    golden("help.txt", done.stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name: str, capsys: Capture) -> None:
    """What it is for, and a line to copy."""
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"booking {name}" in out
    assert name == "demo" or "Example" in out


def test_the_list_of_what_is_installed_reads_well(program: Program) -> None:
    """Names, facts, and what each is."""
    golden("list.txt", program("list").stdout)
    found = json.loads(program("list", "--json").stdout)
    assert found.pop("version") == 1
    assert set(found) == {
        "stores", "locks", "guards", "fleets", "behaviours", "schedulers",
    }  # fmt: skip
    assert all(one["installed"] for kind in found.values() for one in kind)


def test_simulate_exits_1_without_a_lock_and_0_with_one(fresh_program: Program) -> None:
    """The first two commands of the README."""
    bare = fresh_program("simulate", "--buyers", "10", "--tickets", "3")
    assert bare.returncode == 1
    assert "✗ INVALID" in bare.stdout
    assert "oversell" in bare.stdout
    locked = fresh_program("simulate", "--buyers", "10", "--tickets", "3", "--lock")
    assert locked.returncode == 0
    assert "✓ VALID" in locked.stdout
    assert "3 for sale, 3 sold, 0 left" in locked.stdout
    assert "\x1b" not in bare.stdout + locked.stdout


def test_json_is_all_there_is_on_standard_output(fresh_program: Program) -> None:
    """One document."""
    done = fresh_program("simulate", "--json", "--lock", "--seed", "5")
    document = json.loads(done.stdout)
    assert document["verdict"] == "valid"
    assert document["control"]["verdict"] == "invalid"
    assert document["seed"] == 5
    assert "--seed 5" in document["replay"]
    assert done.stderr == ""


def test_expect_turns_an_anomaly_into_what_was_expected(program: Program) -> None:
    """And its absence into a failure."""
    assert program("simulate", "--expect", "oversell").returncode == 0
    assert program("simulate", "--expect", "valid").returncode == 1
    assert program("simulate", "--expect", "torn-read").returncode == 1
    assert program("simulate", "--lock", "--buyers", "1", "--expect", "valid").returncode == 3
    assert program("simulate", "--lock", "--buyers", "1", "--expect", "unknown").returncode == 0


def test_a_history_is_json_lines_with_jepsens_keys(program: Program, tmp_path: Path) -> None:
    """The sale first, the end last, and between them every operation and step by its time."""
    program("simulate", "--buyers", "4", "--history", "sale.jsonl")
    events = [json.loads(line) for line in (tmp_path / "sale.jsonl").read_text().splitlines()]
    assert [event["index"] for event in events] == list(range(len(events)))
    assert (events[0]["f"], events[-1]["f"]) == ("sale", "end")
    assert events[0]["value"]["tickets"] == 3
    times = [event["time"] for event in events]
    assert times == sorted(times)
    types = [event["type"] for event in events if event["f"] == "buy"]
    assert (types.count("invoke"), types.count("ok")) == (4, 4)
    assert {"read", "replace"} <= {event["f"] for event in events if event["type"] == "step"}


def test_by_hand_one_buys_what_is_left(program: Program, tmp_path: Path) -> None:
    """Reset, search, buy, until it is sold out; other keys stay."""
    store = ["--store", "json:data.json"]
    assert program("reset", *store, "--tickets", "3").stdout == "3 for sale\n"
    (tmp_path / "data.json").write_text('{"event": "Café", "ticket_num": 3}')
    assert program("search", *store).stdout == "3 left\n"
    bought = program("buy", *store, "--buyer", "anna", "--quantity", "2")
    assert (bought.returncode, bought.stdout) == (0, "anna bought tickets 2 to 3\n")
    document = json.loads(program("buy", *store, "--json").stdout)
    assert (document["type"], document["ticket"]) == ("ok", 1)
    refused = program("buy", *store)
    assert (refused.returncode, refused.stdout) == (1, "you got nothing: sold out\n")
    assert json.loads(program("search", *store, "--json").stdout)["remaining"] == 0
    assert (tmp_path / "data.json").read_text() == '{"event": "Café", "ticket_num": 0}'


def test_lock_takes_its_name_with_an_equals_sign_or_goes_without(program: Program) -> None:
    """A scenario file behind a bare --lock is a scenario file."""
    for words in (["--lock"], ["--lock=soft"], ["--lock", "soft"]):
        done = program("simulate", *words, "--buyers", "1", "--no-control", "--json")
        expected = "flock" if words == ["--lock"] else "soft"
        assert json.loads(done.stdout)["lock"] == expected


def test_a_store_of_ones_own_is_run_by_its_name(program: Program, tmp_path: Path) -> None:
    """Any class that one can import from the current folder; its place is behind a second colon."""
    (tmp_path / "mine.py").write_text(
        "from booking.stores.json_replaced import JsonStore\n"
        "class Store(JsonStore):\n    '''Mine.'''\n"
    )
    done = program("simulate", "--store", "mine:Store", "--lock", "--json")
    assert json.loads(done.stdout)["verdict"] == "valid", done.stderr
    program("reset", "--store", "mine:Store:own.json", "--tickets", "2")
    assert (tmp_path / "own.json").exists()


def test_a_store_without_a_place_is_left_as_the_guarded_sale_left_it(
    program: Program, tmp_path: Path
) -> None:
    """Its control sells from the same inventory, as there is no other."""
    (tmp_path / "mine.py").write_text(
        "from booking.core.protocols import Place\n"
        "from booking.stores.json_replaced import JsonStore\n"
        "from pathlib import Path\n"
        "class Store(JsonStore):\n"
        "    def __init__(self):\n"
        "        super().__init__(Place('mine.json', Path('.')))\n"
    )
    done = program("simulate", "--store", "mine:Store", "--lock", "--json", "--buyers", "4")
    document = json.loads(done.stdout)
    assert (document["verdict"], document["remaining"]) == ("valid", 0)
    assert (tmp_path / "mine.json").read_text() == '{"ticket_num": 0}\n'


def test_what_a_users_module_prints_does_not_spoil_the_answer(
    program: Program, tmp_path: Path
) -> None:
    """Not even while it is imported; and it stands in for no module of a library's."""
    (tmp_path / "resource.py").write_text("raise SystemExit(5)")
    (tmp_path / "mine.py").write_text(
        "print('imported')\n"
        "from booking.stores.json_replaced import JsonStore\n"
        "class Store(JsonStore):\n"
        "    def read(self):\n        print('read')\n        return super().read()\n"
    )
    done = subprocess.run(
        [str(Path(sys.executable).with_name("booking")), "simulate", "--json",
         "--store", "mine:Store"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["verdict"] == "invalid"
    assert "imported" in done.stderr


def test_a_history_goes_where_it_was_sent(program: Program, tmp_path: Path) -> None:
    """Through a link, and into a pipe or a device, which stays what it is."""
    (tmp_path / "link").symlink_to("real.jsonl")
    program("simulate", "--buyers", "2", "--history", "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real.jsonl").stat().st_size > 0
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE) as reader:
        program("simulate", "--buyers", "2", "--history", "pipe")
        out, _ = reader.communicate(timeout=60)
    assert out.count(b"\n") > 10
    assert not (tmp_path / "pipe").is_file()


def test_closed_and_full_outputs_are_survived() -> None:
    """No traceback, and the exit code says that there was no answer."""
    words = f"{sys.executable} -m booking list"
    for redirection, code in ((">&-", 0), (">/dev/full", 2)):
        done = subprocess.run(
            ["bash", "-c", f"{words} {redirection}"],
            cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr


def test_the_command_that_repeats_a_sale_says_how_many_tickets_there_were(
    program: Program, tmp_path: Path
) -> None:
    """The file holds fewer now."""
    (tmp_path / "data.json").write_text('{"ticket_num": 4}')
    done = program("simulate", "--store", "json:data.json", "--lock", "--buyers", "2", "--json")
    assert "--tickets 4" in json.loads(done.stdout)["replay"]


def test_a_probe_agrees_with_the_facts(program: Program) -> None:
    """Of every lock that is installed; what it found is in the document."""
    done = program("list", "--probe", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    for lock in json.loads(done.stdout)["locks"]:
        found = lock["probe"]["found"]
        assert lock["probe"]["lies"] == []
        assert found.items() <= lock["facts"].items()


@pytest.mark.parametrize("name, said", [
    ("tests.support.planted:NoLock", "a second process is let in while the first one holds it"),
    ("tests.support.user_locks:StatesOwned", "owned is stated as yes, and found to be no"),
])  # fmt: skip
def test_a_lie_of_a_lock_is_one_line_and_1(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The table shows what was found beside what is stated."""
    monkeypatch.setitem(BUILT_IN, "lock", {"mutex": BUILT_IN["lock"]["mutex"], "liar": name})
    assert main(["list", "--probe"]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith(f"booking: lock liar: {said}")
    assert shown.err.count("\n") == 1
    assert ("yes, found no" in shown.out) == ("owned" in said)


def test_completion_knows_the_commands(fresh_program: Program) -> None:
    """As click's own shell completion does."""
    done = fresh_program(_BOOKING_COMPLETE="bash_complete", COMP_WORDS="booking si", COMP_CWORD="1")
    assert "simulate" in done.stdout


def test_a_defect_of_ours_is_one_line_and_70(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """And says how to see where it is."""
    import booking.core.catalogue

    def defect() -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(booking.core.catalogue, "catalogue", defect)
    monkeypatch.delenv("BOOKING_DEBUG", raising=False)
    assert main(["list"]) == 70
    assert capsys.readouterr().err == (
        "booking: defect of booking: ZeroDivisionError: a defect; BOOKING_DEBUG=1 shows where\n"
    )


def test_who_has_enough_of_our_output_is_not_bothered(tmp_path: Path) -> None:
    """`booking schema | head -1`."""
    command = f"{sys.executable} -m booking schema | head -c 5; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.stderr == ""
