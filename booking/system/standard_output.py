"""Where the one document of `--json` goes, for those that write to other places.

It needs nothing of POSIX: `booking check` works where the careful writer of files does not.
"""

from __future__ import annotations

_reserved_fd: int | None = None


def reserve(fd: int | None) -> None:
    """Note where the one document of standard output goes; None: prints go there, too."""
    global _reserved_fd  # noqa: PLW0603 - there is one standard output
    _reserved_fd = fd


def reserved_fd() -> int | None:
    """Return where the one document of standard output goes; None: to no place of its own."""
    return _reserved_fd
