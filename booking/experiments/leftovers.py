"""List what killed commands left behind, and whose it is; remove what is ours and unused.

Each command sweeps what it comes across: the temporary folders, and what lies beside its inventory.
Here is all of it, with what a living process uses. Nothing is judged by a process number: a lock
that no process holds is free.
"""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from booking.locks.common.lock_file import is_used, remove_unused
from booking.servers.postgres import cache_folders
from booking.stores.common import spare_claims
from booking.system import output, scratch
from booking.system.descriptors import close_quietly
from booking.system.file_lock import remove_unlocked, try_lock
from booking.system.runtime_folder import SERVER_LOCK, is_private, runtime_path

State = Literal["held", "free", "unknown"]
MARKER = re.compile(r"\.(.+)\.(sale|buy)")
MARKER_BYTES_MAX = 1 << 20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file or folder: what it is, whose, and whether a living process uses it."""

    path: Path
    kind: str
    owner: str
    state: State
    removed: bool = False
    remove: Callable[[], object] | None = None


def leftovers(folders: Sequence[Path]) -> list[Leftover]:
    """Return what is left in temporary folders, the runtime folder, the cache, and `folders`."""
    found = [*_scratch_folders(), *_server_locks(), *_earlier_locks()]
    for folder in dict.fromkeys(folder.absolute() for folder in folders):
        found += _beside_inventories(folder)
    return found


def removed(found: Sequence[Leftover]) -> list[Leftover]:
    """Remove what no living process uses; return all, with what became of it."""
    return [_removed(leftover) for leftover in found]


def _removed(leftover: Leftover) -> Leftover:
    if leftover.state != "free" or leftover.remove is None:
        return leftover
    with suppress(OSError):
        leftover.remove()
    return replace(leftover, removed=not os.path.lexists(leftover.path))


def _scratch_folders() -> Iterator[Leftover]:
    for parent in dict.fromkeys([*scratch.places(), *cache_folders()]):
        for folder in scratch.scratch_folders(parent):
            try:
                state = _state(scratch.is_claimed(folder))
            except FileNotFoundError:
                continue  # its process has just removed it
            yield _leftover(folder, "scratch folder", state, scratch.remove_unclaimed)


def _server_locks() -> Iterator[Leftover]:
    folder = runtime_path()
    if not is_private(folder):
        return
    for path in sorted(folder.glob(f"*{SERVER_LOCK}")):
        yield _leftover(path, "lock file of a server", _asked(path, is_used), remove_unused)


def _earlier_locks() -> Iterator[Leftover]:
    """Yield this user's lock files of versions that kept them in the temporary folder."""
    pattern = re.compile(rf"booking-lock-{os.geteuid()}-[0-9a-f]{{16}}")
    parent = scratch.places()[0]
    names: list[str] = []
    with suppress(OSError):
        names = sorted(filter(pattern.fullmatch, os.listdir(parent)))  # noqa: PTH208 - names
    for path in map(parent.joinpath, names):
        with suppress(OSError):
            if path.lstat().st_uid == os.geteuid():
                state = _asked(path, _is_locked)
                yield _leftover(path, "lock file of an earlier version", state, _remove_file)


def _beside_inventories(folder: Path) -> Iterator[Leftover]:
    names: list[str] = []
    with suppress(OSError):
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names
    for name in names:
        path = folder / name
        if output.is_partial(path):
            yield _leftover(path, "partial output", _asked(path, _is_locked), _remove_file)
        elif (marker := MARKER.fullmatch(name)) and _is_marker(path, folder / marker[1]):
            yield _leftover(path, "marker of a sale", _asked(path, _is_locked), _remove_file)
    for inventory in _claimed(folder, names):
        yield from _spare_files(inventory)


def _claimed(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield each inventory on which there are claims, or spare files of one that is gone."""
    matches = map(spare_claims.CLAIMED.fullmatch, names)
    for inventory in sorted({match[1] for match in matches if match}):
        yield folder / inventory


def _spare_files(inventory: Path) -> Iterator[Leftover]:
    for claim, spares in spare_claims.claims(inventory).items():
        path = Path(spare_claims.claim_path(str(inventory), claim))
        state = _asked(path, _is_locked) if path.exists() else "free"

        def remove(_path: Path) -> None:
            spare_claims.sweep(inventory)

        for spare in spares:
            yield _leftover(Path(spare), "spare file", state, remove)
        if path.exists():
            yield _leftover(path, "claim on spare files", state, remove)


def _is_marker(path: Path, inventory: Path) -> bool:
    """Return whether a file is a sale's marker: beside its inventory, empty or with a record."""
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MARKER_BYTES_MAX:
            return False
        return inventory.is_file() and (not facts.st_size or path.read_bytes()[:1] == b"{")
    except OSError:
        return False


def _leftover(path: Path, kind: str, state: State, remove: Callable[[Path], object]) -> Leftover:
    try:
        number = path.lstat().st_uid
    except OSError:
        return Leftover(path, kind, "?", state)
    try:
        owner = pwd.getpwuid(number).pw_name
    except KeyError:
        owner = str(number)
    return Leftover(path, kind, owner, state, remove=lambda: remove(path))


def _asked(path: Path, ask: Callable[[int], bool]) -> State:
    """Return what the lock of a file says; unknown where the file may not be opened."""
    try:
        fd = os.open(path, _OPEN if ask is _is_locked else _OPEN | os.O_RDWR)
    except OSError:
        return "unknown"
    try:
        return _state(ask(fd))
    finally:
        close_quietly(fd)


def _is_locked(fd: int) -> bool:
    return not try_lock(fd)


def _state(held: bool | None) -> State:
    if held is None:
        return "unknown"
    return "held" if held else "free"


def _remove_file(path: Path) -> object:
    return remove_unlocked(os.fspath(path))
