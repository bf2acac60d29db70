"""The folder of counterexamples that failing tests leave: a file a race, named after its test."""

from __future__ import annotations

import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from booking.core.counterexample import Counterexample

NAME_CHARS_MAX = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


class CounterexampleFiles:
    """The files of one test; two tests never share a name, in whichever process they run."""

    def __init__(self, folder: Path, test: str) -> None:
        self.folder = folder
        digest = sha256(test.encode(errors="surrogateescape")).hexdigest()[:8]
        words = _UNSAFE.sub("-", test.replace("::", "-")).strip("-.")
        self._stem = f"{words[-NAME_CHARS_MAX:].lstrip('-.')}-{digest}"
        self._files = 0

    def remove(self) -> None:
        """Remove what an earlier run of the test has left."""
        for path in self.folder.glob(f"{self._stem}*.json"):
            path.unlink(missing_ok=True)

    def save(self, counterexample: Counterexample) -> Path:
        """Write a counterexample; raise `UsageError` or `OSError` where that cannot be done."""
        from booking.core.counterexample import save

        self.folder.mkdir(exist_ok=True)
        with suppress(FileExistsError), (self.folder / ".gitignore").open("x") as ignored:
            ignored.write("*\n")
        self._files += 1
        number = f"-{self._files}" if self._files > 1 else ""
        path = self.folder / f"{self._stem}{number}.json"
        save(counterexample, path, "the counterexample")
        return path
