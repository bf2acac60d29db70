"""Folders of the system: what lies there is no file of a program's own."""

from __future__ import annotations

DEVICES = "/dev/"
SHARED_MEMORY = "/dev/shm/"  # a folder of files as any other
SYSTEM_FOLDERS = (
    "/usr/lib", "/usr/lib64", "/usr/share", "/lib", "/etc", "/proc", "/sys", "/dev",
)  # fmt: skip
