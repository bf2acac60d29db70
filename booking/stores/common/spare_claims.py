"""Claims on spare files: files beside an inventory that the harness of a sale holds locked.

A buyer lives no longer than its harness. So a claim that no process holds locked tells that its
spare files are left over, and no process number is asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from booking.system.descriptors import close_quietly
from booking.system.file_lock import is_at, try_lock

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# The names of spare files and claims: the inventory, the claim, what it is.
CLAIMED = re.compile(r"\.(.+)\.([0-9a-f]{16})\.(\d+-[0-9a-f]{8}\.tmp|own)")


def make_claim(inventory: str) -> tuple[str, int]:
    """Make a claim on an inventory; return its name, and the descriptor that holds it locked."""
    while True:
        claim = token_hex(8)
        path = claim_path(inventory, claim)
        fd = os.open(path, _CREATE, 0o644)
        try_lock(fd)
        if is_at(fd, path):  # else another command's sweep came before the lock
            return claim, fd
        close_quietly(fd)


def sweep(inventory: Path) -> None:
    """Remove the spare files of processes that have ended, where that is allowed."""
    for claim, spares in claims(inventory).items():
        with suppress(OSError):
            _sweep(claim_path(str(inventory), claim), spares)


def claims(inventory: Path) -> dict[str, list[str]]:
    """Return the claims on an inventory, each with its spare files."""
    found: dict[str, list[str]] = {}
    with suppress(OSError), os.scandir(inventory.parent) as entries:
        for entry in entries:
            match = CLAIMED.fullmatch(entry.name)
            if match and match[1] == inventory.name:
                spares = found.setdefault(match[2], [])
                spares += [entry.path] if match[3] != "own" else []
    return found


def _sweep(claim: str, spares: Sequence[str]) -> None:
    """Remove spare files whose claim is free, or is gone: it is made first, and removed last."""
    try:
        fd = os.open(claim, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        fd = None
    try:
        if fd is not None and not (try_lock(fd) and is_at(fd, claim)):
            return
        for spare in spares:
            with suppress(OSError):
                os.unlink(spare)
        if fd is not None:
            os.unlink(claim)
    finally:
        if fd is not None:
            close_quietly(fd)


def claim_path(inventory: str, claim: str) -> str:
    """Return the path of a claim: beside the inventory."""
    folder, name = os.path.split(inventory)
    return os.path.join(folder, f".{name}.{claim}.own")
