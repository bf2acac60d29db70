"""Every file that a command writes: whole or not at all, never in place of a device or a link."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from booking.cli.main import COMMANDS
from booking.cli.main import booking as program_group
from tests.conftest import ROOT

Program = Callable[..., subprocess.CompletedProcess[str]]

BENCH = [
    "bench",
    "--guards",
    "none",
    "--buyers",
    "1,2",
    "--rounds",
    "1",
    "--time",
    "20ms",
    "--no-c",
]
MATRIX = ["matrix", "--stores", "json", "--guards", "none", "--trials", "1"]
# Every option that names an output: the command that writes there, and its usual exit codes.
OUTPUTS = {
    ("simulate", "--history"): (["simulate", "--buyers", "2", "--delay", "0ms"], {0, 1, 3}),
    ("simulate", "--witness"): (
        ["simulate", "--buyers", "3", "--tickets", "2", "--schedule", "random", "--seed", "2"],
        {1},
    ),
    ("explore", "--witness"): (["explore", "--buyers", "2", "--tickets", "1"], {1}),
    ("run", "--junit"): (["run", "sale.toml"], {0, 3}),
    ("bench", "--csv"): (BENCH, {0, 3}),
    ("bench", "--chart"): (BENCH, {0, 3}),
    ("matrix", "--markdown"): (MATRIX, {0}),
}
FOLDERS = {("matrix", "--witnesses"): MATRIX}
LIMIT_S = 30
OLD = b"what was there\n"
KINDS = (
    "nothing", "file", "link", "dangling", "device", "full", "pipe", "folder", "read-only",
    "no-folder",
)  # fmt: skip
USUAL = ("explore", "--witness")
TWO = {"full": ("simulate", "--history"), "link": ("run", "--junit"), "file": ("bench", "--csv")}


@pytest.fixture
def sale(tmp_path: Path) -> Path:
    (tmp_path / "sale.toml").write_text("buyers = 2\ntickets = 3\nguard = 'lock'\nlock = 'flock'\n")
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_the_table_has_every_option_that_names_an_output() -> None:
    """A new one needs a row, and is then attacked as well."""
    known = {*OUTPUTS, *FOLDERS}
    found = set()
    for name in COMMANDS:
        command = program_group.get_command(click.Context(program_group), name)
        assert command is not None
        found |= {
            (name, parameter.opts[0])
            for parameter in command.params
            if isinstance(parameter, click.Option) and isinstance(parameter.type, click.Path)
        }
    assert found == known


def device(path: Path, minor: int) -> Path:
    """Make a device like /dev/null (3) or /dev/full (7); only root can, others use the real one."""
    if os.geteuid() != 0:
        return Path("/dev/null" if minor == 3 else "/dev/full")
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    path.chmod(0o666)
    return path


@pytest.fixture
def place(kind: str, sale: Path) -> Iterator[Path]:
    """Make what is there before."""
    path = sale / "result"
    if kind in {"file", "read-only"}:
        path.write_bytes(OLD)
        path.chmod(0o640)
    elif kind == "link":
        (sale / "target").write_bytes(OLD)
        path.symlink_to("target")
    elif kind == "dangling":
        path.symlink_to("target")
    elif kind in {"device", "full"}:
        path = device(path, 3 if kind == "device" else 7)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "no-folder":
        path = sale / "none" / "result"
    if kind == "read-only":
        freeze(sale, True)
    yield path
    if kind == "read-only":
        freeze(sale, False)


def freeze(folder: Path, frozen: bool) -> None:
    """Forbid changes of a folder: for root too, where its file system can."""
    if os.geteuid() != 0:
        folder.chmod(0o555 if frozen else 0o755)
        return
    words = ["chattr", "+i" if frozen else "-i", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no folder is read-only for root here")


@pytest.mark.sweep(usual=lambda output, kind: output in {USUAL, TWO.get(kind)})
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_what_is_there_after(
    program: Program, sale: Path, output: tuple[str, str], kind: str, place: Path
) -> None:
    """A file is new and whole, a link is a link, a device a device; refusals change nothing."""
    command, codes = OUTPUTS[output]
    before = place.lstat() if os.path.lexists(place) else None
    read: list[bytes] = []
    if kind == "pipe":
        reader = threading.Thread(target=lambda: read.append(place.read_bytes()))
        reader.start()
    done = program(*command, output[1], str(place))
    if kind == "pipe":
        reader.join(LIMIT_S)
    assert "Traceback" not in done.stderr
    left = {path.name for path in sale.iterdir()} - {"result", "target"}
    assert left == set()
    if kind in {"full", "folder", "read-only", "no-folder"}:
        assert done.returncode == 2, done
        assert done.stderr.startswith(f"booking: {output[1]} {place}: "), done.stderr
        assert done.stderr.count("\n") == 1
    else:
        assert done.returncode in codes, done
    if kind == "nothing":
        assert stat.S_ISREG(place.lstat().st_mode)
        assert place.stat().st_mode & 0o111 == 0
    elif kind == "file":
        assert before is not None
        assert place.read_bytes() not in {OLD, b""}
        assert place.stat().st_mode == before.st_mode
        assert place.stat().st_ino != before.st_ino  # replaced whole
    elif kind in {"link", "dangling"}:
        assert place.is_symlink()
        assert (sale / "target").read_bytes() not in {OLD, b""}
    elif kind in {"device", "full", "pipe", "folder"}:
        assert before is not None
        after = place.lstat()
        assert (after.st_mode, after.st_ino, after.st_rdev) == (
            before.st_mode, before.st_ino, before.st_rdev
        )  # fmt: skip
        assert kind != "pipe" or read[0]
    elif kind == "read-only":
        assert place.read_bytes() == OLD


@pytest.mark.sweep(usual=lambda kind: kind == "no-folder")
@pytest.mark.parametrize("kind", ["no-folder", "file", "link", "folder", "read-only"])
def test_a_folder_of_evidence(program: Program, sale: Path, kind: str) -> None:
    """It is made where it is missing, and what else is in it stays."""
    folder = sale / "none" / "found" if kind == "no-folder" else sale / "found"
    if kind == "file":
        folder.write_bytes(OLD)
    elif kind == "link":
        (sale / "real").mkdir()
        folder.symlink_to("real")
    elif kind in {"folder", "read-only"}:
        folder.mkdir()
        (folder / "mine").write_bytes(OLD)
        (folder / "json-none-oversell.json").symlink_to("mine")
    if kind == "read-only":
        freeze(folder, True)
    done = program(*MATRIX, "--witnesses", str(folder))
    if kind == "read-only":
        freeze(folder, False)
    if kind in {"file", "read-only"}:
        assert done.returncode == 2
        assert done.stderr.startswith(f"booking: --witnesses {folder}"), done.stderr
        assert (folder / "mine" if kind == "read-only" else folder).read_bytes() == OLD
        return
    assert done.returncode == 0
    assert (folder / "json-none-oversell.json").read_bytes().startswith(b"{")
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    assert folder.is_symlink() == (kind == "link")


@pytest.mark.parametrize("words, file", [
    (["simulate", "--store", "json:data.json", "--history", "./data.json"], "data.json"),
    (["simulate", "--store", "json:link.json", "--history", "data.json"], "data.json"),
    (["simulate", "sale.toml", "--history", "sale.toml"], "sale.toml"),
    (["run", "sale.toml", "--junit", "sale.toml"], "sale.toml"),
    ([*BENCH, "--csv", "data.json", "--chart", "data.json"], "data.json"),
])  # fmt: skip
def test_an_output_takes_the_place_of_no_input_and_of_no_other_output(
    program: Program, sale: Path, words: list[str], file: str
) -> None:
    """A slip of the keyboard would lose the inventory."""
    folder = sale.parent
    (folder / "data.json").write_text('{"ticket_num": 3}\n')
    (folder / "link.json").symlink_to("data.json")
    before = (folder / file).read_bytes()
    done = program(*words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done
    assert "is the file of" in done.stderr
    assert (folder / file).read_bytes() == before


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_document_of_standard_output_has_it_alone(
    program: Program, sale: Path, output: tuple[str, str]
) -> None:
    """With `--json` another output on it is refused before the work; it went to standard error."""
    command, _ = OUTPUTS[output]
    for path in ("/dev/stdout", "/dev/fd/1"):
        done = program(*command, output[1], path, "--json")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done
        assert json.loads(done.stdout)["error"]["code"] == 2
        assert f"{output[1]} {path}: standard output has the document of --json" in done.stderr


@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_file_that_is_replaced_is_no_standard_stream(
    tmp_path: Path, stream: str, more: tuple[str, ...]
) -> None:
    """What was printed would be in a file without a name."""
    path = tmp_path / "out"
    words = ["simulate", "--buyers", "2", "--history", str(path), *more]
    with path.open("wb") as file:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: file}
        process = subprocess.run(
            [sys.executable, "-m", "booking", *words], cwd=ROOT, check=False, **streams
        )
        assert process.returncode == 2
        assert os.fstat(file.fileno()).st_ino == path.stat().st_ino
    name = {"stdout": "output", "stderr": "error"}[stream]
    told = path.read_text() + (process.stderr or b"").decode()
    assert f"--history {path}: is the file of standard {name}; name another file" in told
