"""Name a line of code as people find it: its file below its package, and the line."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path


def code_place(filename: str, line: int) -> str:
    """Return `limits/storage/redis.py:45`; of a module without a package `shop.py:14`."""
    return f"{_below_package(filename)}:{line}"


@lru_cache(maxsize=1024)
def _below_package(filename: str) -> str:
    """Return a file's path, from the outermost folder that is a package."""
    path = Path(filename)
    name = path.name
    for folder in path.parents:
        if not folder.name or not (folder / "__init__.py").is_file():
            break
        name = f"{folder.name}/{name}"
    return name
