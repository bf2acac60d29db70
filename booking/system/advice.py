"""Explain an error of the system that is no defect of ours: what is lacking, and what to do."""

from __future__ import annotations

import errno

SHOWN_CHARS_MAX = 200
UNMAPPED = "failed to map segment"  # the dynamic linker of C, which has no number for it
FULL = "free some space where the output and the temporary folder (TMPDIR) are"
PERMISSION = "check its permissions"

# Errors of the system, not of booking, and what to do about each.
ADVICE = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: "raise the limit on the size of a file (ulimit -f)",
    errno.EIO: "the device does not work; name another file",
    errno.EMFILE: "raise the limit (ulimit -n), or give fewer buyers",
    errno.ENFILE: "close other programs, or give fewer buyers",
    errno.ENOMEM: "give fewer buyers, or raise the limit (ulimit -v)",
    errno.EAGAIN: "give fewer buyers, or raise the limit (ulimit -u)",
    errno.EACCES: PERMISSION,
    errno.EPERM: PERMISSION,
    errno.EROFS: "name a file that can be written to",
    errno.ENAMETOOLONG: "use a shorter path",
    errno.ENOENT: "create it, or name another one",
    errno.ENOTDIR: "name a path through folders",
    errno.EISDIR: "name a file in it",
    errno.ELOOP: "its links go round in a circle",
    errno.ESTALE: "the file system lost it; try again",
}


def of_the_system(error: Exception) -> str | None:
    """Return what the system lacks or refuses, and what to do; None where that is no reason."""
    if isinstance(error, MemoryError) or UNMAPPED in str(error):
        return f"out of memory; {ADVICE[errno.ENOMEM]}"
    if isinstance(error, ValueError) and "embedded null" in str(error):
        return "a path has a NUL character in it; write it without"
    if not isinstance(error, OSError) or error.errno not in ADVICE:
        return None
    if error.errno == errno.ENOENT and not error.filename:
        return "the current folder is gone; change to one that exists"
    where = f"{shortened(str(error.filename))}: " if error.filename else ""
    return f"{where}{(error.strerror or str(error)).lower()}; {ADVICE[error.errno]}"


def shortened(text: str) -> str:
    """Return a text whose middle is left out where it is too long for a line."""
    if len(text) <= SHOWN_CHARS_MAX:
        return text
    half = SHOWN_CHARS_MAX // 2
    return f"{text[:half]}…{text[-half:]}"
