"""Interceptors of files without one of their mechanisms: `--init` takes it out."""

from __future__ import annotations

from typing import Any

from booking.instrument.files import semaphores, session
from booking.instrument.files.session import Files
from booking.instrument.seam import Touch


def _without(*prefixes: str) -> None:
    real = Files.step

    def step(self: Files, action: str, text: str, touches: Any, effect: Any, **how: Any) -> Any:
        def left() -> list[Touch]:
            found = [one for one in touches() if not one.resource.startswith(prefixes)]
            return found or [Touch("nothing", writes=False)]

        return real(self, action, text, left, effect, **how)

    Files.step = step  # type: ignore[method-assign]


def without_content() -> None:
    _without("content /")


def without_name() -> None:
    _without("name ")


def without_names_in() -> None:
    _without("names in ")


def without_lock() -> None:
    _without("lock ")


def without_content_of_files() -> None:
    _without("content of files")


def without_dismissal() -> None:
    """Have a purchase that is over write what its files have buffered."""
    from booking.instrument.files.opening import SteppedFile

    def write(self: SteppedFile, data: Any, /) -> Any:
        return super(SteppedFile, self).write(data)

    SteppedFile.write = write  # type: ignore[method-assign]


def without_semaphore() -> None:
    """Have a buyer that is dismissed keep what it holds."""
    semaphores._Stepped._undo = lambda _: None  # type: ignore[method-assign]


def without_made() -> None:
    """Have a dismissed purchase leave its lock file behind."""
    Files.made_entry = lambda *_, **__: None  # type: ignore[method-assign]


def without_reopen() -> None:
    """Have buyers share the files that were open before."""
    session.is_regular = lambda _: False  # type: ignore[assignment]
