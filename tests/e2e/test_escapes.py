"""Escape sequences in a stranger's text never reach the terminal, nor any report."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from booking.report.terminal.console import SafeConsole, plain
from tests.conftest import Program
from tests.support.hostile import ESCAPES, UNSAFE
from tests.support.junit import cases

FAILS = f"""
from booking.stores.memory import MemoryStore
ESCAPES = {ESCAPES!r}
class Odd(Exception): pass
def fail(*_args): raise Odd(ESCAPES)
class Made(MemoryStore): __init__ = fail
class Reset(MemoryStore): reset = fail
class Read(MemoryStore): read = fail
class Write(MemoryStore): write = fail
class Lock:
    crash_safe = cross_host = fair = reentrant = threads = owned = False
    release = fail
    def acquire(self, timeout_s): fail()
class Guard:
    needs = MemoryStore
    sell = fail
"""
SALE = ("--buyers", "2", "--tickets", "1", "--delay", "0ms", "--timeout", "1s")
SMALL = ("--buyers", "2", "--tickets", "1")
COMMANDS = [
    ("simulate", *SALE), ("explore", *SMALL), ("simulate", "--json", *SALE),
    ("explore", "--json", *SMALL), ("search",), ("buy",), ("reset", "--tickets", "1"),
]  # fmt: skip
CLASSES = [("--store", f"fails:{name}") for name in ("Made", "Reset", "Read", "Write")]
CLASSES += [("--lock=fails:Lock",), ("--guard", "fails:Guard")]
IDS = {"ids": " ".join}


@pytest.mark.sweep(
    usual=lambda command, broken: command == COMMANDS[0] or broken[-1] == "fails:Read"
)
@pytest.mark.parametrize("broken", CLASSES, **IDS)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_the_message_of_an_exception_is_shown_without_escapes(
    program: Program, tmp_path: Path, command: tuple[str, ...], broken: tuple[str, ...]
) -> None:
    """A user's store, lock or guard raises it, in the harness or in a buyer."""
    (tmp_path / "fails.py").write_text(FAILS)
    store = () if broken[0] == "--store" else ("--store", "json:data.json")
    (tmp_path / "data.json").write_text('{"ticket_num": 3}')
    done = program(*command, *store, *broken)
    assert not UNSAFE.search(done.stdout + done.stderr), done.stdout + done.stderr


NAME = "a\x1b[2J\u202eb\r"


@pytest.mark.parametrize(
    "words",
    [
        ("check", NAME), ("replay", NAME), ("simulate", NAME), ("run", NAME), (NAME,),
        ("simulate", "--store", NAME), ("simulate", "--lock=" + NAME), ("simulate", "--" + NAME),
        ("simulate", "--expect", NAME), ("search", "--store", "json:" + NAME),
        ("explore", *SMALL, "--names", f"{NAME},b"), ("matrix", "--stores", NAME),
        ("bench", "--guards", NAME), ("simulate", "--history", NAME + "/x"),
    ],
    ids=lambda words: words[0][:8],
)  # fmt: skip
def test_a_name_on_the_command_line_is_shown_without_escapes(
    program: Program, words: tuple[str, ...]
) -> None:
    """A file's name may be a stranger's, and a shell completes it."""
    done = program(*words)
    assert not UNSAFE.search(done.stdout + done.stderr), done.stdout + done.stderr
    assert r"\x1b" in done.stdout + done.stderr


def test_reports_of_scenarios_hold_no_escapes(program: Program, tmp_path: Path) -> None:
    """On the screen, in JSON and in JUnit, which stays XML: titles and names of files."""
    folder = tmp_path / f"folder{NAME}"
    folder.mkdir()
    title = json.dumps(ESCAPES).replace("\x7f", r"\u007f")
    keys = 'buyers = 10\nlock = "flock"\n[expect]\nsold = 9\n'
    (folder / f"{NAME}.toml").write_text(f"title = {title}\n{keys}")
    for more in ((), ("--json",)):
        done = program("run", str(folder), "--junit", "out.xml", *more)
        assert done.returncode == 1, done.stderr
        assert not UNSAFE.search(done.stdout + done.stderr)
        text = (tmp_path / "out.xml").read_text()
        assert not UNSAFE.search(text)
        (case,) = cases(tmp_path / "out.xml")
        assert (case.name or "").startswith(r"\x1b[2J\x1b]0;owned\x07")
        assert case.case.get("classname", "").endswith(r"/a\x1b[2J\u202eb\r")
    assert json.loads(done.stdout)["scenarios"][0]["scenario"] == str(folder / f"{NAME}.toml")


def test_a_name_that_is_no_text_is_shown(program: Program, tmp_path: Path) -> None:
    """Linux allows any bytes in a file's name; neither the screen nor JUnit fails on them."""
    file = bytes(tmp_path) + b"/\xff.toml"
    with open(file, "w") as scenario:
        scenario.write('buyers = 10\nlock = "flock"\n')
    for more in (("--json",), ()):
        done = program("run", str(tmp_path), "--junit", "out.xml", *more)
        assert (done.returncode, done.stderr) == (0, "")
        assert r"\udcff.toml" in done.stdout
    assert cases(tmp_path / "out.xml")[0].name == r"\udcff"


def test_styles_stay_and_escapes_do_not() -> None:
    """On a terminal the console's own colours are written, whatever text they colour."""
    out = io.StringIO()
    screen = SafeConsole(file=out, force_terminal=True, color_system="standard", width=400)
    screen.print(f"[bold red]{plain(ESCAPES)}[/]", ESCAPES.replace("[/bold]", ""))
    ours = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert out.getvalue().startswith("\x1b[1;31m")
    assert not UNSAFE.search(ours)
    assert "[/bold]" in ours
