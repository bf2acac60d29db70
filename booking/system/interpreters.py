"""New interpreters import nothing from the current folder, which may be a stranger's.

multiprocessing starts them as `python -c …` for start methods spawn and forkserver, and to track
shared resources. Such an interpreter looks into the current folder first: a `pickle.py` there would
be run. Its buyers get the path of this process all the same, because multiprocessing sends it.
"""

from __future__ import annotations

from multiprocessing import util

SAFE_PATH = "-P"

_flags_of_this_one = util._args_from_interpreter_flags  # type: ignore[attr-defined]


def _flags() -> list[str]:
    """Return the flags of this interpreter, and `-P`, which its children inherit in turn."""
    flags: list[str] = _flags_of_this_one()
    return flags if SAFE_PATH in flags or "-I" in flags else [*flags, SAFE_PATH]


def keep_to_the_path() -> None:
    """Start each interpreter with `-P`; an environment variable would reach users' programs."""
    util._args_from_interpreter_flags = _flags  # type: ignore[attr-defined]
