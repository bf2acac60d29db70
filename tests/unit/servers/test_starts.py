"""A private server that dies or stalls at a step of its start: a line, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from booking.errors import InventoryError
from booking.servers import postgres, private_server, valkey
from booking.system import scratch
from tests.support.process_tree import under, until

SHORT_S = 0.5
SILENT = "it did not answer"
LONG = "exec sleep 1000"
LISTENS = f"""exec {sys.executable} -c '
import socket, sys
line = socket.socket(socket.AF_UNIX)
line.bind(sys.argv[sys.argv.index("--unixsocket") + 1])
line.listen()
while True:
    client = line.accept()[0]
    {{}}
' "$@" """
STATUS = 'while [ "$1" != -D ]; do shift; done; printf "1\\n{}\\n" > "$2/postmaster.pid"; '

# What the program does, and what is said of it.
VALKEYS = {
    "ends": ("exit 3", "exit code 3"),
    "says why": ("echo Fatal error: no luck; exit 1", "Fatal error: no luck"),
    "dies": ("kill -9 $$", "signal 9 ended it"),
    "makes no socket": (LONG, SILENT),
    "is silent": (LISTENS.format("kept = [client]; client.recv(9); client.recv(9)"), SILENT),
    "hangs up": (LISTENS.format("client.close()"), SILENT),
    "talks of other things": (LISTENS.format('client.sendall(b"HTTP/1.1")'), SILENT),
}
CLUSTER = 'mkdir -p "$2/global"; echo 18 > "$2/PG_VERSION"; echo 18 > "$2/global/pg_control"'
POSTGRESES = {
    "initdb ends": ("echo initdb: error: no luck; exit 1", "", "initdb: error: no luck"),
    "initdb hangs": (LONG, "", SILENT),
    "initdb dies": ("kill -9 $$", "", "signal 9 ended it"),
    "initdb makes a part": ('mkdir -p "$2"', "", "exit code"),
    "server ends": (CLUSTER, "echo FATAL: no luck; exit 1", "FATAL: no luck"),
    "server makes no status": (CLUSTER, LONG, SILENT),
    "server stays at its start": (CLUSTER, STATUS.format("starting") + LONG, SILENT),
    "server dies": (CLUSTER, STATUS.format("starting") + "kill -9 $$", "signal 9 ended it"),
}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Use a temporary folder and a cache of the test's own; look what is left there."""
    before = set(under(os.getpid()))
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # short: sockets lie in it
        folder = Path(name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        monkeypatch.setattr(scratch, "short_place", lambda: folder)
        monkeypatch.setattr(private_server, "short_place", lambda: folder)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield folder
        assert list(folder.iterdir()) == []
    until(lambda: set(under(os.getpid())) <= before)  # a server that its supervisor's death ends


def limit(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """Shorten the limit of a start that comes to nothing; another one ends by itself."""
    if said == SILENT:
        monkeypatch.setattr(private_server, "START_S", SHORT_S)


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", VALKEYS)
def test_a_valkey_that_does_not_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it does instead."""
    text, said = VALKEYS[name]
    limit(monkeypatch, said)
    monkeypatch.setattr(valkey, "_binary", lambda: program(tmp_path / "valkey", text))
    with pytest.raises(InventoryError) as refused:
        valkey._start(False)
    assert "a private Valkey server did not start: " in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize("name", POSTGRESES)
def test_a_postgres_that_does_not_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the making of its cluster, or behind that."""
    initdb, server, said = POSTGRESES[name]
    limit(monkeypatch, said)
    program(tmp_path / "bin" / "initdb", initdb)
    program(tmp_path / "bin" / "postgres", server)
    monkeypatch.setattr(postgres, "_binaries", lambda: tmp_path / "bin")
    with pytest.raises(InventoryError) as refused:
        postgres._start(False)
    assert "a private PostgreSQL " in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize("kind", ["valkey", "initdb"])
def test_a_supervisor_that_was_stopped_is_killed(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel kills its server with it; waiting for it ended as a defect, or left both."""
    monkeypatch.setattr(private_server, "START_S", 4 * SHORT_S)
    pids: list[int] = []
    real = subprocess.Popen

    class Popen(real):  # type: ignore[valid-type]  # a name of this test
        def __init__(self, *words: object, **more: object) -> None:
            super().__init__(*words, **more)
            pids.append(self.pid)

    monkeypatch.setattr(private_server.subprocess, "Popen", Popen)
    program(tmp_path / "bin" / "initdb", LONG)
    program(tmp_path / "bin" / "postgres", LONG)
    monkeypatch.setattr(postgres, "_binaries", lambda: tmp_path / "bin")
    monkeypatch.setattr(valkey, "_binary", lambda: program(tmp_path / "valkey", LONG))

    def stop() -> None:
        until(lambda: any(name == "sleep" for pid in pids for _, name in under(pid)))
        os.kill(pids[0], signal.SIGSTOP)

    stops = threading.Thread(target=stop)
    stops.start()
    with pytest.raises(InventoryError, match=SILENT):
        (valkey if kind == "valkey" else postgres)._start(False)
    stops.join()
