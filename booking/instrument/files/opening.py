"""`open`: a file object whose reads and writes of the file are steps.

A buffered file reads and writes in blocks, when its buffer is empty or full, at `flush` and at
`close`. Those are the effects that other buyers see, so the raw file below the buffer takes them.
"""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import Any
from weakref import ref

from booking.instrument.files.bindings import Bindings
from booking.instrument.files.resources import (
    cannot_be,
    change,
    content,
    entry_of,
    is_device,
    is_regular,
    is_system,
    located,
    lookup,
    real_path,
    text_of,
)
from booking.instrument.files.session import Files, ensure_not_dismissed, told
from booking.instrument.seam import Touch

_real: Any = io.open
_text_encoding = io.text_encoding
BASES = {"r": os.O_RDONLY, "w": os.O_CREAT | os.O_TRUNC, "a": os.O_CREAT | os.O_APPEND,
         "x": os.O_CREAT | os.O_EXCL}  # fmt: skip


class SteppedFile(io.FileIO):
    """A raw file: each read and each write is a step."""

    def __init__(self, files: Files, file: Any, mode: str, *, closefd: bool = True) -> None:
        self.files = files
        self.top: ref[Any] | None = None
        self.pending = self.ending = False
        super().__init__(file, mode, closefd)
        files.handles.add(self)

    def _reads(self, effect: Any) -> Any:
        files, fd = self.files, self.fileno()
        if not files.seam.active:
            return effect()
        text = f"read {files.shown(fd)}"
        return files.step("read", text, lambda: files.content(fd, writes=False), effect)

    def readall(self) -> Any:
        """Read the rest, as a step."""
        data = self._reads(super().readall)
        self.files.seam.learn(told(data))
        return data

    def read(self, size: Any = -1, /) -> Any:
        """Read without a buffer, as a step."""
        data = self._reads(lambda: super(SteppedFile, self).read(size))
        self.files.seam.learn(told(data))
        return data

    def readinto(self, buffer: Any, /) -> Any:
        """Read a block, as a step."""
        count = self._reads(lambda: super(SteppedFile, self).readinto(buffer))
        self.files.seam.learn(told(memoryview(buffer).cast("B")[: count or 0]))
        return count

    def write(self, data: Any, /) -> Any:
        """Write a block, as a step; nothing where the purchase is over."""
        files = self.files
        if self.ending or files.seam.dismissed:
            self.pending = True  # what was not written when the purchase ended never is
            return memoryview(data).nbytes
        if not files.seam.active:
            return super().write(data)
        fd = self.fileno()
        text = f"write {files.shown(fd)}  {told(data)}"
        effect = super().write
        return files.step(
            "write", text, lambda: files.content(fd, writes=True), lambda: effect(data)
        )

    def truncate(self, size: Any = None, /) -> Any:
        """Cut the file, as a step."""
        files, fd, effect = self.files, self.fileno(), super().truncate
        if not files.seam.active:
            return effect(size)
        text = f"truncate {files.shown(fd)}"
        return files.step(
            "truncate", text, lambda: files.content(fd, writes=True), lambda: effect(size)
        )

    def seek(self, offset: Any, whence: int = 0, /) -> Any:
        """Move; to the end is a step, because it tells the size."""
        effect = super().seek
        if whence == os.SEEK_END and self.files.seam.active:
            at = self._reads(lambda: effect(offset, whence))
            self.files.seam.learn(at)
            return at
        return effect(offset, whence)

    def close(self) -> None:
        """Close; a step where that gives a lock back."""
        if self.closed:
            return
        files, fd, effect = self.files, self.fileno(), super().close
        try:
            files.close(fd, effect)
        finally:
            files.forget(fd)

    def drop_buffer(self) -> bool:
        """Forget what was not written; return whether there was anything."""
        self.pending, self.ending = False, True
        try:
            self.flush_all()
        finally:
            self.ending = False
        return self.pending

    def flush_all(self) -> None:
        """Flush the file object on top of this one."""
        top = None if self.top is None else self.top()
        if top is not None and not self.closed and self.writable():
            with suppress(OSError, ValueError):
                top.flush()


def install(files: Files, patches: Bindings) -> None:
    """Replace `open`."""
    import builtins

    seam = files.seam

    def open(  # noqa: A001 - it takes its place
        file: Any,
        mode: Any = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        given = (file, mode, buffering, encoding, errors, newline, closefd, opener)
        numbered = isinstance(file, int)
        if not _is_known(mode, buffering) or not (is_regular(file) if numbered else closefd):
            return _real(*given)  # it refuses what it does not know; and a pipe is no file
        if "b" not in mode:
            encoding = _text_encoding(encoding)
        if not numbered and _passed(files, located(file), mode):
            with seam.inside():
                return _real(*given[:3], encoding, *given[4:])
        raw = _raw(files, file, mode.replace("b", "").replace("t", ""), opener, closefd=closefd)
        return _wrapped(raw, mode, buffering, (encoding, errors, newline))

    patches.replace(builtins, "open", open)
    patches.replace(io, "open", open)


def _is_known(mode: Any, buffering: Any) -> bool:
    """Return whether a mode is one of `open`: it refuses others by itself."""
    if not isinstance(mode, str) or not isinstance(buffering, int):
        return False
    letters = set(mode)
    if len(letters) != len(mode) or letters - set("rwaxbt+") or len(letters & set("rwax")) != 1:
        return False
    text = "b" not in letters
    return not (letters >= set("bt") or (buffering == 0 and text))


def _passed(files: Files, path: str, mode: str) -> bool:
    """Return whether a file is none that buyers share, or so it seems."""
    if is_device(path) or cannot_be(path):
        return True
    if not is_system(path):
        return False
    if set(mode) & set("wax+"):
        files.seam.doubt(f"writes {path}, and reading it is no step")
    return True


def _raw(files: Files, file: Any, mode: str, opener: Any, *, closefd: bool) -> SteppedFile:
    if isinstance(file, int):
        return _of_fd(files, file, mode, closefd=closefd)
    flags = flags_of(mode)
    if opener is not None:
        if (fd := opener(file, flags)) < 0:
            raise ValueError(f"opener returned {fd}")
        raw = _of_fd(files, fd, mode)
        raw.name = file
        return raw
    path = located(file)
    if not files.seam.active:
        raw = SteppedFile(files, file, mode)
    else:
        quoted = f' "{mode}"' if mode != "r" else ""
        text = f"open {text_of(file)}{quoted}"
        raw = open_step(files, path, flags, text, lambda: SteppedFile(files, file, mode))
    with files.seam.inside():
        files.opened[raw.fileno()] = real_path(path)
    return raw


def _of_fd(files: Files, fd: int, mode: str, *, closefd: bool = True) -> SteppedFile:
    with files.seam.inside():  # it was opened by a step
        return SteppedFile(files, fd, mode, closefd=closefd)


def flags_of(mode: str) -> int:
    """Return the flags of open(2) that a mode means."""
    letter = next(one for one in mode if one in BASES)
    access = os.O_RDWR if "+" in mode else os.O_RDONLY if letter == "r" else os.O_WRONLY
    return BASES[letter] | access | os.O_CLOEXEC


def open_step(files: Files, path: str, flags: int, text: str, effect: Any) -> Any:
    """Open a file as a step: it looks the name up, may make the file, and may empty it."""
    ensure_not_dismissed(files.seam)
    seen = {"there": True, "size": 0}

    def look() -> None:
        with files.seam.inside():
            try:
                seen["there"], seen["size"] = True, os.stat(path).st_size  # noqa: PTH116
            except OSError:
                seen["there"], seen["size"] = False, 0

    def run() -> Any:
        look()
        opened = effect()
        if flags & os.O_CREAT and not seen["there"]:
            files.made_entry(real_path(path))
        return opened

    def touches() -> list[Touch]:
        found = lookup(path, follow=not flags & os.O_NOFOLLOW)
        if flags & os.O_CREAT and not seen["there"]:
            found = change(real_path(path)) + found
        elif flags & os.O_EXCL:
            found = change(entry_of(path)) + found
        if flags & os.O_TRUNC:  # what is empty already loses nothing
            found = content(path, writes=seen["size"] > 0) + found
        elif flags & os.O_APPEND:
            found += content(path, writes=False)
        return found

    look()
    action = "truncate" if flags & os.O_TRUNC else "open"
    opened = files.step(action, text, touches, run)
    files.seam.learn("" if seen["there"] else "made")
    return opened


def _wrapped(raw: SteppedFile, mode: str, buffering: int, text: tuple[Any, ...]) -> Any:
    """Put a buffer and a decoder on top of a raw file, as `io.open` does."""
    result: Any = raw
    try:
        terminal = buffering == 1 or (buffering < 0 and raw.isatty())
        if buffering != 0:
            block: int = getattr(raw, "_blksize", io.DEFAULT_BUFFER_SIZE)
            size = buffering if buffering > 1 else block
            kind = (
                io.BufferedRandom if raw.readable() and raw.writable()
                else io.BufferedWriter if raw.writable() else io.BufferedReader
            )  # fmt: skip
            result = kind(raw, size)
        if "b" not in mode:
            encoding, errors, newline = text
            result = io.TextIOWrapper(result, encoding, errors, newline, terminal)
            result.mode = mode
    except BaseException:
        raw.close()
        raise
    raw.top = ref(result)
    return result
