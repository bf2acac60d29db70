"""Bad input: one clear line, exit code 2, and the file as it was."""

from __future__ import annotations

import os
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking.cli.main import main
from booking.core.assembly import assemble
from booking.core.scenario import from_flags
from booking.errors import MalformedError
from booking.processes.resource_limits import ensure_connections
from booking.stores.common.json_document import parse
from booking.system.memory import Room
from tests.support.bad_documents import BAD

Capture = pytest.CaptureFixture[str]


def refused(capsys: Capture, *words: str) -> str:
    """Run a command that must be refused; give its one line."""
    code = main(words)
    out, err = capsys.readouterr()
    assert code == 2, (out, err)
    assert out == ""
    assert err.startswith("booking: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


COMMANDS = [
    ["simulate", "--no-control"],
    ["simulate", "--lock", "--tickets", "5"],
    ["search"],
    ["buy"],
    ["reset", "--tickets", "3"],
]


@pytest.mark.parametrize("data, problem", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0] + str(len(words)))
@pytest.mark.parametrize("store", ["json", "json-inplace"])
def test_a_bad_inventory_is_refused_and_left_as_it_is(
    tmp_path: Path, capsys: Capture, command: list[str], store: str, data: bytes, problem: str
) -> None:
    """Whatever is wrong with it, and whatever was to be done with it."""
    path = tmp_path / "data.json"
    path.write_bytes(data)
    line = refused(capsys, *command, "--store", f"{store}:{path}")
    assert problem in line
    assert path.read_bytes() == data
    assert [one.name for one in tmp_path.iterdir()] == ["data.json"]


@pytest.mark.parametrize("store", ["json", "json-inplace"])
def test_a_missing_inventory_says_how_to_make_one(
    tmp_path: Path, capsys: Capture, store: str
) -> None:
    """The next command is in the message."""
    path = tmp_path / "data.json"
    assert "booking reset" in refused(capsys, "simulate", "--store", f"{store}:{path}")
    assert "no such folder" in refused(
        capsys, "reset", "--tickets", "1", "--store", f"{store}:{tmp_path}/no/data.json"
    )
    assert not path.exists()


@pytest.mark.parametrize("store", ["json", "json-inplace"])
def test_a_directory_and_a_pipe_are_no_inventory(
    tmp_path: Path, capsys: Capture, store: str
) -> None:
    """A named pipe does not hold the program up either."""
    os.mkfifo(tmp_path / "pipe")
    assert "directory" in refused(capsys, "search", "--store", f"{store}:{tmp_path}")
    assert "regular file" in refused(capsys, "search", "--store", f"{store}:{tmp_path}/pipe")


def test_no_permission_is_said(tmp_path: Path) -> None:
    """As an ordinary user: for root every file is readable, so the test steps down if need be."""
    folder = tmp_path / "shop"
    folder.mkdir()
    path = folder / "data.json"
    path.write_text('{"ticket_num": 3}')
    path.chmod(0)
    for parent in [folder, *folder.parents][:4]:
        if parent.stat().st_uid == os.getuid():
            parent.chmod(parent.stat().st_mode | 0o755)
    context = get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=_search_as_nobody, args=(str(path), writer))
    child.start()
    writer.close()
    assert reader.poll(60)
    code, err = reader.recv()
    child.join(60)
    assert code == 2
    assert "permission denied" in err
    assert err.count("\n") == 1


def _search_as_nobody(path: str, answer: object) -> None:
    import contextlib
    import io

    # Everything is imported while we may still read it.
    import booking.cli.store
    import booking.experiments.by_hand
    import booking.report.documents
    import booking.report.terminal.store
    import booking.stores.json_replaced  # noqa: F401

    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        code = main(["search", "--store", f"json:{path}"])
    answer.send((code, err.getvalue()))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "words, said",
    [
        (["simulate", "--store", "jsn"], 'unknown store "jsn"; did you mean json?'),
        (["simulate", "--store", "postgre://x"], "unknown store"),
        (["simulate", "--store", "no.such.module:Store"], "cannot import"),
        (["simulate", "--store", "booking.errors:Nothing"], 'unknown name "Nothing"'),
        (["simulate", "--store", "memory:here"], "memory has no place"),
        (["simulate", "--lock=flok"], 'unknown lock "flok"; did you mean flock?'),
        (["simulate", "--guard", "luck"], 'unknown guard "luck"; did you mean lock?'),
        (["simulate", "--guard", "none", "--lock"], "guard none takes no lock"),
        (["simulate", "--delay", "10"], "--delay"),
        (["simulate", "--delay", "3s..1s"], "backwards"),
        (["simulate", "--timeout", "5"], "--timeout"),
        (["simulate", "--arrival", "late"], "--arrival"),
        (["simulate", "--start-method", "thread"], "--start-method"),
        (["simulate", "--buyers", "0"], "--buyers"),
        (["simulate", "--buyers", "ten"], "--buyers"),
        (["simulate", "--buyers", "1000000"], "--buyers"),
        (["simulate", "--tickets", "-1"], "--tickets"),
        (["simulate", "--tickets", str(10**30)], "--tickets"),
        (["simulate", "--quantity", "0"], "--quantity"),
        (["simulate", "--seed", "-1"], "--seed"),
        (["simulate", "--expect", "chaos"], "unknown outcome"),
        (["simulate", "--behaviour", "no.such:thing"], "cannot import"),
        (["simulate", "--history", "/no/such/folder/x"], "no such folder"),
        (["simulate", "none.toml"], "no such file"),
        (["simulate", "--flock"], "No such option"),
        (["run", "none.toml"], "no such file"),
        (["run", "."], "no scenario files"),
        (["run"], "Missing argument"),
        (["buy", "--store", "json", "--lock=mutex"], "one sale's own processes"),
        (["sell"], 'unknown command "sell"'),
        (["simulate", "--arrival", "poisson:0.0001"], "after a day"),
        (["simulate", "--behaviour", "os"], "write module:name"),
        (["search", "--store", "json"], "name one, as in json:data.json"),
        (["reset", "--store", "memory", "--tickets", "3"], "no place that lasts"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_bad_words_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, words: list[str], said: str
) -> None:
    """Each with what is wrong, where, and what is allowed."""
    monkeypatch.chdir(tmp_path)
    assert said in refused(capsys, *words)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode(errors="replace"))
)
def test_any_bytes_as_inventory_are_searched_or_refused(
    tmp_path: Path, capsys: Capture, data: bytes
) -> None:
    """Never a traceback, never a changed file."""
    path = tmp_path / "data.json"
    path.write_bytes(data)
    try:
        count, _ = parse(data, "")
    except MalformedError:
        refused(capsys, "search", "--store", f"json:{path}")
        refused(capsys, "reset", "--tickets", "2", "--store", f"json:{path}")
    else:
        assert main(["search", "--store", f"json:{path}"]) == 0
        assert capsys.readouterr().out == f"{count} left\n"
    assert path.read_bytes() == data


def test_a_sale_too_large_for_the_machine_touches_nothing(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before anything starts, and says how many would do."""
    monkeypatch.setattr("booking.system.memory._total_rooms", lambda _: [Room(100 << 20, "x")])
    path = tmp_path / "data.json"
    path.write_text('{"ticket_num": 3}')
    words = ["--buyers", "5000", "--tickets", "9", "--store", f"json:{path}"]
    assert "give --buyers" in refused(capsys, "simulate", *words)
    assert path.read_text() == '{"ticket_num": 3}'


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--store", "postgres"),
        ("simulate", "--store", "postgres", "--arrival", "serial"),
        ("simulate", "--store", "postgresql://127.0.0.1:1/x", "--tickets", "3", "--lock"),
        ("bench", "--stores", "postgres", "--guards", "atomic"),
    ],
)
def test_more_buyers_than_a_private_server_has_connections_start_nothing(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Nor a sale whose control would have too many; one by one any number can come."""
    monkeypatch.setattr(
        "booking.stores.postgres.private_postgres", lambda **_: pytest.fail("started")
    )
    said = refused(capsys, *words, "--buyers", "2,600" if words[0] == "bench" else "600")
    assert "600 buyers need a connection each" in said
    assert "give --buyers 490 or less" in said
    usual = from_flags({"store": "postgres", "buyers": 600, "arrival": "serial"})
    ensure_connections(assemble(usual))
    ensure_connections(assemble(usual.but(store="postgresql://host/x", arrival="together")))
