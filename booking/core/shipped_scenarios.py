"""The scenarios that are installed with `booking`: found by name, or written into a folder."""

from __future__ import annotations

from pathlib import Path

from booking.core.spelling import nearest
from booking.errors import UsageError
from booking.system.output import write_output

FOLDER = Path(__file__).parents[1] / "scenarios"
SUFFIX = ".toml"


def shipped() -> dict[str, Path]:
    """Return the file of each shipped scenario, by its name."""
    return {path.stem: path for path in sorted(FOLDER.glob(f"*{SUFFIX}"))}


def located(path: Path) -> Path:
    """Return the file that is meant: a shipped scenario is found by its name, from any folder.

    What exists in the current folder comes first.
    """
    if path.parent != Path() or path.exists() or path.is_symlink():
        return path
    return shipped().get(path.name.removesuffix(SUFFIX), path)


def unreadable(path: Path) -> str:
    """Return what to do about a scenario file that cannot be read."""
    close = nearest(path.name.removesuffix(SUFFIX), shipped())
    meant = f"did you mean the shipped scenario {close}? " if close else ""
    return f"{meant}name a scenario file (TOML); booking init scenarios writes examples"


def write_to(folder: Path) -> list[str]:
    """Write every shipped scenario into a folder; return their names.

    Raise `UsageError` before the first one is written where a file would be replaced.
    """
    contents = {folder / path.name: path.read_bytes() for path in shipped().values()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            if path.is_symlink() or (path.exists() and not _holds(path, content)):
                raise UsageError(f"{path}: exists and differs; remove it or name another folder")
    except OSError as error:
        raise UsageError(f"{folder}: {_reason(error)}; name another folder") from None
    for path, content in contents.items():
        write_output("init scenarios", path, [content])
    return [path.name for path in contents]


def _holds(path: Path, content: bytes) -> bool:
    """Return whether a regular file has this content; opening a pipe would wait for a writer."""
    if not path.is_file() or path.stat().st_size != len(content):
        return False
    return path.read_bytes() == content


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
