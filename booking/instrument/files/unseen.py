"""What moves data between processes and is no step: each is doubted, with its place."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import count
from multiprocessing import connection
from typing import Any

from booking.instrument.files.bindings import Bindings
from booking.instrument.files.session import Files
from booking.instrument.seam import place

DATABASES = (("_gdbm", "dbm.gnu"), ("_dbm", "dbm.ndbm"))
TALKS = ("send", "send_bytes", "recv", "recv_bytes", "recv_bytes_into")


def install(files: Files, patches: Bindings) -> None:
    """Doubt C databases, memory that is shared, and pipes; fix the names of temporary files."""
    seam = files.seam
    for inner, outer in DATABASES:
        try:
            module: Any = importlib.import_module(inner)
            patches.replace(module, "open", _opens_a_database(files, module.open, outer))
            importlib.import_module(outer)
        except ImportError:
            continue
    for name in TALKS:
        owner: Any = connection.Connection
        patches.replace(owner, name, _talks(files, getattr(owner, name)))
    names: dict[int, Iterator[str]] = {}

    def candidates() -> Iterator[str]:
        """Return names that are the same in each execution, and another buyer's never."""
        if not seam.active:
            return real()
        if seam.purchase not in names:
            names.clear()
            names[seam.purchase] = (f"b{seam.buyer:02}n{at:04}" for at in count(1))
        return names[seam.purchase]

    drawn: Any = tempfile
    real: Callable[[], Iterator[str]] = drawn._get_candidate_names
    patches.replace(drawn, "_get_candidate_names", candidates)

    def hook(event: str, _: tuple[Any, ...]) -> None:
        if event == "mmap.__new__":
            _stands(files, "maps memory that other processes may share: it is read without a step")

    sys.addaudithook(hook)


def _stands(files: Files, what: str) -> None:
    """Doubt something for good: it was made in a purchase, or lasts into all of them."""
    text = f"{place() or 'the purchase'}: {what}"
    seam = files.seam
    if text not in seam.standing:
        seam.standing.append(text)
        seam.doubts.append(text)


def _opens_a_database(files: Files, real: Any, name: str) -> Any:
    @wraps(real)
    def replaced(*given: Any, **named: Any) -> Any:
        _stands(files, f"opens a database of {name}: what it reads and writes is not seen")
        return real(*given, **named)

    return replaced


def _talks(files: Files, real: Any) -> Any:
    @wraps(real)
    def replaced(self: Any, *given: Any, **named: Any) -> Any:
        if files.seam.active and not _is_ours(sys._getframe(1).f_globals.get("__name__", "")):
            files.seam.doubt("talks over a pipe of multiprocessing: what that moves is not seen")
        return real(self, *given, **named)

    return replaced


def _is_ours(module: str) -> bool:
    return module.startswith("booking.")
