"""The private folder of a user for files that only its own processes may open: locks of servers."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from booking.errors import UsageError
from booking.system.scratch import temporary_folder

SERVER_LOCK = ".server.lock"  # ending of a lock file in the folder
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def runtime_folder() -> Path:
    """Return the user's runtime folder; make a missing one, refuse one that is not private.

    It lies in `$XDG_RUNTIME_DIR`, or in the folder that the system makes for the user's sessions,
    or in the temporary folder. In the last one, any user may have placed something at its name.
    """
    folder = runtime_path()
    with suppress(FileExistsError):
        try:
            folder.mkdir(0o700)
        except FileExistsError:
            raise
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
            raise UsageError(
                f"{folder}: {problem}; locks of servers are kept there: set XDG_RUNTIME_DIR to a "
                "private folder"
            ) from None
    if not is_private(folder):
        raise UsageError(
            f"{folder}: is no private folder of yours, and locks of servers are kept there; "
            "remove it, or set XDG_RUNTIME_DIR to a private folder"
        )
    return folder


def runtime_path() -> Path:
    """Return where the user's runtime folder is, or would be."""
    user = os.geteuid()
    for session in (os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{user}"):
        if session.startswith(os.sep) and is_private(Path(session)):
            return Path(session) / "booking"
    return temporary_folder() / f"booking-{user}"


def is_private(folder: Path) -> bool:
    """Return whether a folder is this user's own, no link, and open to no other user."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    mine = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
    return mine and not facts.st_mode & OTHERS
