"""A server that is silent is given up within the limits, however far it went before."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from booking.core.assembly import assemble
from booking.core.base_classes import hooks
from booking.core.protocols import Store
from booking.core.scenario import Scenario
from booking.errors import UnavailableError, UncertainError
from booking.servers import postgres as postgres_server
from booking.servers import valkey as valkey_server
from booking.stores.common import silence
from booking.system.time_limit import TooLateError, within
from tests.conftest import Program
from tests.support.process_tree import family, send_to_all

SHORT_S = 0.4
SLACK_S = 20.0  # of a busy machine; a limit that is missing would be waited for for ever
URLS = {
    "redis": "redis://{}/0",
    "redis over TLS": "rediss://{}/0",
    "postgres": "postgresql://{}/x",
    "postgres over TLS": "postgresql://{}/x?sslmode=require",
    "several hosts": "postgresql://{0},{0},{0}/x",
}


def test_the_limits_are_those_of_the_pages() -> None:
    assert (silence.CONNECT_S, silence.STATEMENT_S, silence.GRACE_S) == (5.0, 30.0, 2.0)
    page = (Path(__file__).parents[3] / "docs/reference/stores.md").read_text()
    assert "5 s to connect" in page
    assert "30 s a statement" in page


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both limits short where the stores use them; that of a statement is the longer one."""
    for store in ("redis", "postgres"):
        monkeypatch.setattr(f"booking.stores.{store}.CONNECT_S", SHORT_S)
        monkeypatch.setattr(f"booking.stores.{store}.STATEMENT_S", 4 * SHORT_S)
    monkeypatch.setattr("booking.stores.postgres.GRACE_S", 0.0)


def mute(_line: socket.socket) -> None:
    """Say nothing."""


def half(line: socket.socket) -> None:
    """Answer a part of anything, and no more."""
    line.recv(1)
    line.sendall(b"+")


def dripping(line: socket.socket) -> None:
    """Send a byte before each read's own limit is over, for ever."""
    while True:
        line.sendall(b"+")
        time.sleep(SHORT_S / 4)


@contextmanager
def listening(behave: Callable[[socket.socket], None], family: int = socket.AF_INET,
              address: Any = ("127.0.0.1", 0)) -> Iterator[Any]:  # fmt: skip
    """Accept connections, and be as silent on them as told."""
    lines: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                lines.append(line)
                threading.Thread(target=behaved, args=(line,), daemon=True).start()

    def behaved(line: socket.socket) -> None:
        with suppress(OSError):
            behave(line)

    with socket.socket(family) as listener:
        listener.bind(address)
        listener.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()


def store_at(url: str, folder: Path) -> Store:
    return assemble(Scenario(store=url)).build_store(folder)


def refused_in_time(act: Callable[[], object]) -> str:
    began_s = time.monotonic()
    with pytest.raises(UnavailableError) as refused:
        act()
    assert time.monotonic() - began_s < SHORT_S + SLACK_S
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.usefixtures("short")
@pytest.mark.sweep(
    usual=lambda url, behave: url == "redis" or (behave is mute and "TLS" not in url)
)
@pytest.mark.parametrize("behave", [mute, half, dripping])
@pytest.mark.parametrize("url", URLS)
def test_who_accepts_and_says_nothing_is_given_up(
    tmp_path: Path, url: str, behave: Callable[[socket.socket], None]
) -> None:
    with listening(behave) as (host, port):
        store = store_at(URLS[url].format(f"{host}:{port}"), tmp_path)
        for act in (hooks(store).connect, store.read, lambda: store.reset(3)):
            said = refused_in_time(act)
            assert "cannot connect" in said
        store.close()


@pytest.mark.usefixtures("short")
def test_a_silent_unix_socket_is_given_up(tmp_path: Path) -> None:
    with listening(mute, socket.AF_UNIX, str(tmp_path / "s")):
        assert "longer than 0.4 s" in refused_in_time(_redis_at(tmp_path / "s", tmp_path).read)
    name = ".s.PGSQL.5432"
    with listening(mute, socket.AF_UNIX, str(tmp_path / name)):
        store = store_at(f"postgresql:///x?host={tmp_path}", tmp_path)
        assert "longer than 0.4 s" in refused_in_time(store.read)


def _redis_at(path: Path, folder: Path) -> Store:
    store: Any = store_at("redis://127.0.0.1:1/0", folder)
    store._server = f"unix://{path}"
    return store  # type: ignore[no-any-return]  # the same store


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("url", ["redis://a.example/0", "postgresql://a.example/x"])
def test_names_that_no_server_resolves_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """A resolver waits longer than that, and no driver has a limit for it."""
    asked = threading.Event()
    answer = threading.Event()

    def silent(*_words: object, **_more: object) -> list[Any]:
        asked.set()
        answer.wait(SLACK_S)
        raise socket.gaierror("no such host")

    monkeypatch.setattr("socket.getaddrinfo", silent)
    assert "cannot connect" in refused_in_time(store_at(url, tmp_path).read)
    assert asked.is_set()
    answer.set()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a server with all its processes for the block."""
    pids = family(pid)
    send_to_all(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        send_to_all(pids, signal.SIGCONT)


@pytest.mark.usefixtures("short")
@pytest.mark.sweep(usual=lambda name: name == "postgres")
@pytest.mark.parametrize("name", ["redis", "postgres"])
def test_a_server_that_stops_in_the_middle_is_given_up(tmp_path: Path, name: str) -> None:
    """In a read it did not happen; in a write it may have. So in clean-up."""
    store = assemble(Scenario(store=name)).build_store(tmp_path)
    store.reset(3)
    assert store.read() == 3
    module: Any = {"redis": valkey_server, "postgres": postgres_server}[name]
    server = module._servers.running(durable=False)
    with stopped(server._supervisor.pid):
        assert "lost" in refused_in_time(store.read)
        assert "cannot connect" in refused_in_time(store.read)
        store.close()
    assert store.read() == 3
    with stopped(server._supervisor.pid), pytest.raises(UncertainError, match="may have sold"):
        store.write(2)
    store.close()


def test_what_a_late_call_brings_is_closed() -> None:
    """And what it raises in time is raised."""
    late, closed = threading.Event(), threading.Event()

    def call() -> str:
        late.wait(SLACK_S)
        return "brought"

    with pytest.raises(TooLateError):
        within(0.01, call, lambda brought: closed.set() if brought == "brought" else None)
    late.set()
    assert closed.wait(SLACK_S)
    with pytest.raises(ZeroDivisionError):
        within(SLACK_S, lambda: 1 // 0, print)
    assert within(SLACK_S, lambda: 7, print) == 7


@pytest.mark.sweep(usual=lambda command, url: command[0] == "search" and url == "redis")
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("command", [
    ("search",), ("buy",), ("reset", "--tickets", "3"), ("simulate", "--tickets", "3"),
], ids=lambda words: words[0])  # fmt: skip
def test_each_command_ends_with_a_line(
    program: Program, command: tuple[str, ...], url: str
) -> None:
    """With the limits as they are."""
    with listening(mute) as (host, port):
        began_s = time.monotonic()
        result = program(*command, "--store", URLS[url].format(f"{host}:{port}"))
    assert (result.returncode, result.stdout) == (2, "")
    assert "cannot connect: connecting to it took longer than 5 s" in result.stderr
    assert result.stderr.count("\n") == 1
    assert 5 <= time.monotonic() - began_s < 5 + SLACK_S
