"""Servers that a test names by URL, as a user names one."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from booking.servers.postgres import private_postgres
from booking.servers.valkey import _binary

LIMIT_S = 30


@contextmanager
def named_server(kind: str, folder: Path) -> Iterator[str]:
    """Run a server, `postgres` or `redis`; yield its URL."""
    if kind == "postgres":
        words = dict(word.split("=") for word in private_postgres(durable=False).split())
        yield f"postgresql://booking@/postgres?host={words['host']}"
        return
    with socket.create_server(("127.0.0.1", 0)) as line:
        port = int(line.getsockname()[1])
    server = subprocess.Popen(
        [_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        _await_answer(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait(LIMIT_S)


def _await_answer(port: int) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        else:
            return
