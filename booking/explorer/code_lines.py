"""Find the line of code at work: that of a user's code, not of ours and not of Python's."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from types import CodeType, FrameType

from booking.system.code_place import code_place

_OURS = str(Path(__file__).parent)
_PACKAGE = str(Path(__file__).parents[1])
_LIBRARY = sysconfig.get_paths()["stdlib"]
_SITE = sysconfig.get_paths()["purelib"]


def place_of(function: object) -> str:
    """Return where a function is defined."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return _shown(code, code.co_firstlineno) if isinstance(code, CodeType) else repr(function)


def users_line() -> str:
    """Return the line of a user's code at work; where there is none, the line of ours."""
    line = line_at_work(_PACKAGE)
    return line_at_work() if line == "?" else line


def line_at_work(ours_in: str = _OURS) -> str:
    """Return the line of code at work: the innermost that is neither ours nor Python's."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        ours = name.startswith((ours_in, "<"))
        library = name.startswith(_LIBRARY) and not name.startswith(_SITE)
        if not ours and not library:
            return _shown(frame.f_code, frame.f_lineno)
        frame = frame.f_back
    return "?"


def _shown(code: CodeType, line: int) -> str:
    return f"{code_place(code.co_filename, line)} ({code.co_qualname})"
