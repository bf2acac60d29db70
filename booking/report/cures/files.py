"""Cures of races in files: a lock from the read to the write, and a file that is replaced whole."""

from __future__ import annotations

import re
from typing import NamedTuple

from booking.report.cures.case import Act, Case, Named

TORN = re.compile(
    r"JSONDecodeError|EOFError|UnpicklingError|could not be read|empty", re.IGNORECASE
)
WRITE_WORDS = {"write", "replace", "rename", "truncate", "unlink", "remove", "link", "mkdir"}
READ_WORDS = {"read", "open", "stat", "exists", "listdir"}
MODE = re.compile(r' "[a-z+]*"$')


class Rewritten(NamedTuple):
    """A buyer read a file, another one wrote it, and the buyer wrote it, too."""

    path: str
    read: Act
    meanwhile: Act
    write: Act

    @property
    def why(self) -> str:
        """What happened, in words."""
        place = f" ({self.write.step.where})" if self.write.step.where else ""
        return (
            f"buyer {self.write.buyer} wrote {self.path} by what it had read before "
            f"buyer {self.meanwhile.buyer} wrote it{place}"
        )


def rewritten(case: Case) -> Rewritten | None:
    """Return the first write of a file by what was read of it before another buyer's write."""
    if "files" not in case.through:
        return None
    for write in case.acts:
        path = _path(write)
        for read in case.of(write.buyer) if _writes(write) and path else ():
            if read.at >= write.at or not _reads(read) or _path(read) != path:
                continue
            for other in case.acts:
                meant = other.buyer != write.buyer and _writes(other) and _path(other) == path
                if meant and read.at < other.at < write.at:
                    return Rewritten(path, read, other, write)
    return None


def _writes(act: Act) -> bool:
    return act.action in WRITE_WORDS


def _reads(act: Act) -> bool:
    return act.action in READ_WORDS and not _writes(act)


def _path(act: Act) -> str:
    """Return the file that a step is on; of a rename, the one that it becomes."""
    shown = act.step.text.partition("  ")[0]
    path = shown.partition(" → ")[2] or shown.partition(" ")[2]
    return MODE.sub("", path)


def file_lock(case: Case) -> Named | None:
    """Read, then write: one lock around both, on a file that is never replaced."""
    if (found := rewritten(case)) is None:
        return None
    why = f"{found.why}; hold one lock from the read to the write"
    text = f'with open("{found.path}.lock", "w") as lock: fcntl.flock(lock, fcntl.LOCK_EX); ...'
    return Named("file-lock", why, text)


def replace_file(case: Case) -> Named | None:
    """A buyer read a file of which another one had written a part."""
    if "files" not in case.through:
        return None
    torn = "torn-read" in case.anomalies or any(TORN.search(one.error) for one in case.answers)
    path = next((_path(act) for act in case.acts if _writes(act) and _path(act)), "")
    if not torn or not path:
        return None
    return Named(
        "replace-file", f"a buyer read {path} while another one wrote it; replace it whole",
        f'write "{path}.new", then os.replace("{path}.new", "{path}")',
    )  # fmt: skip
