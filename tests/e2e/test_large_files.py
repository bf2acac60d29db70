"""A file that is far too large for what it should be is refused in one line, and not read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from booking.errors import InventoryError
from booking.stores.common.json_document import parse
from booking.system.bounded_read import DOCUMENT_BYTES_MAX, TooLargeError, read_document
from tests.conftest import Program

COMMANDS = {
    "search": (["search", "--store", "json:{}"], "larger than 16 MiB"),
    "buy": (["buy", "--store", "json:{}"], "larger than 16 MiB"),
    "buy in place": (["buy", "--store", "json-inplace:{}"], "larger than 16 MiB"),
    "reset": (["reset", "--store", "json:{}", "--tickets", "3"], "larger than 16 MiB"),
    "simulate": (["simulate", "--store", "json:{}"], "larger than 16 MiB"),
    "replay": (["replay", "{}"], "larger than 16 MiB"),
    "check": (["check", "{}"], "longer than 16 MiB"),
    "a scenario": (["simulate", "{}"], "larger than 256 KiB"),
    "scenarios": (["run", "{}"], "larger than 256 KiB"),
    "sqlite": (["search", "--store", "sqlite:{}"], "not a database"),
}


@pytest.fixture(scope="module")
def gigabyte(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a file of a gigabyte, which takes no room on the disk; JSON as far as it can be seen."""
    path = tmp_path_factory.mktemp("large") / "large.toml"
    with path.open("wb") as file:
        file.write(b'{"ticket_num": 3, "x": "')
        file.truncate(1 << 30)
    return path


@pytest.mark.sweep(usual=lambda name: name in {"search", "check", "replay", "scenarios"})
@pytest.mark.parametrize("name", COMMANDS)
def test_a_gigabyte_is_refused_in_one_line(program: Program, gigabyte: Path, name: str) -> None:
    words, said = COMMANDS[name]
    result = program(*(word.format(gigabyte) for word in words))
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert gigabyte.stat().st_size == 1 << 30


def test_no_more_is_read_than_a_document_may_have(tmp_path: Path) -> None:
    """Not even of a device that never ends."""
    path = tmp_path / "x"
    path.write_bytes(b"x" * 100)
    assert read_document(path, 100) == b"x" * 100
    for endless in (path, Path("/dev/zero")):
        with pytest.raises(TooLargeError, match="larger than 99 bytes"):
            read_document(endless, 99)


def test_an_inventory_as_large_as_may_be_is_sold_from(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    head = '{"ticket_num": 3, "x": "'
    path.write_text(head + "x" * (DOCUMENT_BYTES_MAX - len(head) - 2) + '"}')
    bought = program("buy", "--store", f"json:{path}")
    assert bought.returncode == 0, bought.stderr
    assert path.read_bytes()[:17] == b'{"ticket_num": 2,'
    path.write_text(path.read_text() + " ")
    assert program("buy", "--store", f"json:{path}").returncode == 2


@pytest.mark.parametrize("frame", ["{}", '{{"ticket_num": {}}}'])
@pytest.mark.parametrize("nested, closing", [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [*range(900, 1000, 7), 100_000])
def test_brackets_in_brackets_are_refused_at_any_depth(
    frame: str, nested: str, closing: str, depth: int
) -> None:
    """Also where they are closed, and nearly as deep as the interpreter bears."""
    for end in (closing * depth, ""):
        text = frame.format(nested * depth + "1" + end)
        with pytest.raises(InventoryError):
            parse(text.encode(), "data.json")


@pytest.mark.parametrize("text", [
    "[" * 100_000, '{"steps":' + "[" * 100_000, '{"x":' * 100_000, '{"x":' + "[" * 100_000,
])  # fmt: skip
def test_brackets_in_a_witness_or_a_scenario_are_one_line(
    program: Program, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "w.json"
    path.write_text(text)
    for command in ("replay", "simulate", "run"):
        result = program(command, str(path))
        assert (result.returncode, result.stdout) == (2, ""), result
        assert result.stderr.count("\n") == 1


def test_a_key_of_thousands_of_parts_is_no_scenario(program: Program, tmp_path: Path) -> None:
    """TOML's parser takes quadratic time for it."""
    path = tmp_path / "s.toml"
    path.write_text("a." * 60_000 + "a = 1\n")
    result = program("run", str(path))
    assert result.returncode == 2
    assert "longer than 4096 characters" in result.stderr


def test_many_keys_of_which_one_comes_twice_are_read_once() -> None:
    """Each key was counted among all."""
    pairs = [f'"{number}": 0' for number in range(200_000)]
    pairs.append(pairs[-1])
    with pytest.raises(InventoryError, match='"199999" stands in it twice'):
        parse(f'{{"ticket_num": 3, {", ".join(pairs)}}}'.encode(), "data.json")


def test_check_reads_longer_lines_where_it_is_told_to(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    events = [{"process": 0, "type": kind, "f": "buy", "error": "x" * 9000}
              for kind in ("invoke", "fail")]  # fmt: skip
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    refused = program("check", str(path), "--tickets", "3", "--max-line", "8KiB")
    assert refused.returncode == 2
    assert "line 1: longer than 8 KiB" in refused.stderr
    assert program("check", str(path), "--tickets", "3", "--max-line", "9.2KiB").returncode == 3
    assert "'8 miles' is no size; write 16MiB" in program(
        "check", str(path), "--max-line", "8 miles"
    ).stderr  # fmt: skip
