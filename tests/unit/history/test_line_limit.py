"""Histories are read in work that grows with their size, and a line too long is refused at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from booking.errors import HistoryError
from booking.history import edn, jsonl, read
from booking.history.source import CHUNK_BYTES, LINE_BYTES_MAX, Source

FORMATS = ["jsonl", "edn", "jepsen-log"]
EVENT = '{{"process":{},"type":"invoke","f":"buy","value":"{}"}}\n'
LIMIT = 1 << 12


class Counted:
    """A file that counts the bytes that were asked for and given."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.given = 0

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.given += len(data)
        return data

    def readline(self, size: int) -> bytes:
        data = self._file.readline(size)
        self.given += len(data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[Counted]:
    """Return the files that sources open from here on, each with the bytes it gave."""
    files: list[Counted] = []
    opened = Source.open

    @contextmanager
    def counted(self: Source) -> Iterator[IO[bytes]]:
        with opened(self) as file:
            files.append(Counted(file))
            yield files[-1]  # type: ignore[misc]  # as much of a file as readers use

    monkeypatch.setattr(Source, "open", counted)
    return files


def sparse(path: Path, start: bytes, size: int) -> Path:
    """Make a file of one long line that takes no room on the disk."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_a_gigabyte_in_one_line_is_refused_after_as_much_as_a_line_may_have(
    tmp_path: Path, form: Any, bytes_read: list[Counted]
) -> None:
    path = sparse(tmp_path / "h", b'\n{"process": 0, "value": "', 1 << 30)
    with pytest.raises(HistoryError, match=r"line 2: longer than 16 MiB; .* --max-line SIZE"):
        list(read(path, format=form).chunks())
    assert sum(file.given for file in bytes_read) <= LINE_BYTES_MAX + 2 * CHUNK_BYTES


@pytest.mark.parametrize("form", FORMATS)
def test_the_limit_is_exact(tmp_path: Path, form: Any) -> None:
    """A line as long as the limit is read, whatever is around it; a longer one is not."""
    line = {
        "jsonl": '{"process":0,"type":"invoke","f":"buy","value":"%s"}',
        "edn": '{:process 0 :type :invoke :f :buy :value "%s"}',
        "jepsen-log": '0\t:invoke\t:buy\t"%s"',
    }[form]
    for before in (0, 1, 40):
        for extra in (0, 1):
            text = line % ("x" * (LIMIT - len(line) + 2 + extra))
            path = tmp_path / "h"
            path.write_text((line % "" + "\n") * before + text + "\n" + (line % "") + "\n")
            reader = read(path, format=form, line_max=LIMIT)
            if not extra:
                assert sum(map(len, reader.chunks())) == before + 2
                continue
            with pytest.raises(HistoryError, match=f"line {before + 1}: longer than 4 KiB"):
                list(reader.chunks())


def work_of_jsonl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[Counted], n: int,
                  rows: list[str]) -> int:  # fmt: skip
    """Return how many bytes are read and decoded for a history of `n` times these rows."""
    decoded = 0

    class Decoder:
        def __init__(self, real: Any) -> None:
            self._real = real

        def decode(self, row: bytes) -> Any:
            nonlocal decoded
            decoded += len(row)
            return self._real.decode(row)

        def decode_lines(self, block: bytes) -> Any:
            nonlocal decoded
            decoded += len(block)
            return self._real.decode_lines(block)

    path = tmp_path / "h.jsonl"
    path.write_text("".join(rows * n))
    files.clear()
    with monkeypatch.context() as patch:
        for name in ("_LINES", "_LOOSE"):
            patch.setattr(jsonl, name, Decoder(getattr(jsonl, name)))
        list(read(path).chunks())
    return decoded + sum(file.given for file in files)


@pytest.mark.parametrize("rows", [
    [EVENT.format(0, "x")],
    ["\n", EVENT.format(0, "x")],
    [EVENT.format(0, "x" * 5000), EVENT.format(1, "[" * 600)],
], ids=["plain", "blank", "brackets"])  # fmt: skip
def test_json_lines_are_read_in_work_that_grows_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytes_read: list[Counted], rows: list[str]
) -> None:
    once = work_of_jsonl(tmp_path, monkeypatch, bytes_read, 1000, rows)
    assert work_of_jsonl(tmp_path, monkeypatch, bytes_read, 4000, rows) <= 4.2 * once


def characters_matched(path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> int:
    """Return how many characters the EDN reader's expressions looked at."""
    looked = 0

    class Pattern:
        def __init__(self, real: Any) -> None:
            self._real = real

        def match(self, line: str, at: int = 0) -> Any:
            nonlocal looked
            match = self._real.match(line, at)
            looked += (match.end() if match else len(line)) - at
            return match

    path.write_text(text)
    with monkeypatch.context() as patch:
        for name in ("_TOKEN", "_INSIDE"):
            patch.setattr(edn, name, Pattern(getattr(edn, name)))
        list(read(path, format="edn").chunks())
    return looked


@pytest.mark.parametrize("line", ["\n", "x\n", '\\"\n', "\\\\\n"])
def test_a_string_of_many_lines_is_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """Each line of an open string had all that came before it looked at again."""
    text = '{:process 0 :type :invoke :f :buy :value "' + line * 1000 + '"}\n'
    looked = characters_matched(tmp_path / "h.edn", monkeypatch, text)
    assert 0.9 * len(text) <= looked <= 2 * len(text)


@pytest.mark.parametrize("inside, value", [
    ("\n", ["\n", 7]), ('a\n\\"', ['a\n"', 7]), ('\\\\\n\\\\', ["\\\n\\", 7]),
    ('\n\n" "\n', ["\n\n", "\n", 7]), ('\n"; " comment\n "x', ["\n", "x", 7]),
])  # fmt: skip
def test_a_string_may_go_on_in_the_next_lines(
    tmp_path: Path, inside: str, value: list[object]
) -> None:
    path = tmp_path / "h.edn"
    path.write_text('{:process 0 :type :invoke :f :buy :value ["' + inside + '" 7]}')
    (event,) = [event for chunk in read(path).chunks() for event in chunk]
    assert event.value == value


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("bracket", ["[", "{", "(", '[{"a":', "#a ", "#_"])
def test_a_hundred_thousand_brackets_are_refused_in_a_line(
    tmp_path: Path, form: Any, bracket: str
) -> None:
    """Or read as nothing: never an error of the interpreter."""
    path = tmp_path / "h"
    path.write_text("0\t:invoke\t:buy\t" * (form == "jepsen-log") + bracket * 100_000 + "\n")
    try:
        events = [event for chunk in read(path, format=form).chunks() for event in chunk]
    except HistoryError as error:
        assert "line 1" in str(error)
    else:
        assert events == []
