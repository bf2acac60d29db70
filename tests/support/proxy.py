"""A relay to a server's socket, which can be cut at one exchange."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import closing, suppress
from pathlib import Path

CHUNK = 1 << 16
LIMIT_S = 20


class Proxy:
    """A connection to a server's socket, cut at one exchange: before it, after it, or idle.

    `before`: the server never receives it. `after`: the server carries it out, and no buyer gets
    the answer. `idle`: the server answers, and then the connection is gone.
    """

    def __init__(self, server: Path) -> None:
        self.server = server
        self.port = 0
        self.armed = False
        self.cut_at, self.when = 0, "before"
        self.exchanges = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def was_cut(self) -> bool:
        return self.exchanges >= self.cut_at

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.server))
            threading.Thread(target=self._relay, args=(client, server), daemon=True).start()

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), closing(client), closing(server):
            cut = False
            while True:
                for line in select.select([client, server], (), (), LIMIT_S)[0]:
                    data = line.recv(CHUNK)
                    if not data:
                        return
                    if line is server:
                        if cut and self.when == "after":
                            return
                        client.sendall(data)
                        if cut:
                            return
                        continue
                    cut = self._cuts_here()
                    if cut and self.when == "before":
                        return
                    server.sendall(data)

    def _cuts_here(self) -> bool:
        if not self.armed or self.was_cut:
            return False
        self.exchanges += 1
        return self.was_cut

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
