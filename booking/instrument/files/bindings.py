"""Replace functions of a library, wherever they are bound already, and put them back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType
from typing import Any

# Modules that bind functions in their classes; and those that have to keep the real ones.
WITH_CLASSES = frozenset(
    {"glob", "pathlib", "pathlib._abc", "pathlib._local", "shutil", "tempfile"}
)
KEPT = ("booking", "posix", "importlib", "_frozen_importlib", "multiprocessing.connection")


class Unbound:
    """A function that takes the place of a built-in one: as a class attribute, it is no method."""

    def __init__(self, new: Callable[..., Any], real: Any) -> None:
        self._new = new
        self.__wrapped__ = real
        self.__name__, self.__doc__ = real.__name__, real.__doc__

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call what takes its place."""
        return self._new(*given, **named)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)


class Bindings:
    """What was replaced: an owner, a name, and what was there."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []
        self._swapped: dict[int, tuple[Any, Any]] = {}

    def replace(self, owner: Any, name: str, new: Any) -> None:
        """Replace an attribute; a module that bound the same function before is seen to later."""
        if isinstance(owner, type):
            owner = next(one for one in owner.__mro__ if name in vars(one))
        real = getattr(owner, name)
        if isinstance(real, BuiltinFunctionType):
            new = Unbound(new, real)
            _keep_supported(real, new)
        self._set(owner, name, new)
        self._swapped[id(real)] = real, new

    def _set(self, owner: Any, name: str, new: Any) -> None:
        self._undo.append((owner, name, vars(owner)[name]))
        setattr(owner, name, new)

    def rebind(self) -> None:
        """Replace what other modules have imported by name: `from os import replace`."""
        for owner, name, bound in list(_bound()):
            function = bound.__func__ if isinstance(bound, staticmethod) else bound
            real, new = self._swapped.get(id(function), (None, None))
            if real is not None and real is function:
                self._set(owner, name, staticmethod(new) if function is not bound else new)

    def remove(self) -> None:
        """Put everything back."""
        for owner, name, real in reversed(self._undo):
            setattr(owner, name, real)
        self._undo.clear()
        self._swapped.clear()


def _keep_supported(real: Any, new: Any) -> None:
    """Have `os.supports_dir_fd` and its kin know a replaced function, too."""
    for name in ("dir_fd", "fd", "follow_symlinks", "effective_ids"):
        known: set[Any] = getattr(os, f"supports_{name}")
        if real in known:
            known.add(new)


def _bound() -> Iterator[tuple[Any, str, Any]]:
    """Return each name that a module, or a class of a few modules, has for something."""
    for module in list(sys.modules.values()):
        module_name = getattr(module, "__name__", "")
        if not hasattr(module, "__dict__") or _is_kept(module_name):
            continue
        for name, value in list(vars(module).items()):
            yield module, name, value
            if module_name in WITH_CLASSES and getattr(value, "__module__", "") == module_name:
                yield from _of_class(value)


def _of_class(value: Any) -> Iterator[tuple[Any, str, Any]]:
    if isinstance(value, type):
        yield from ((value, name, one) for name, one in list(vars(value).items()))


def _is_kept(module: str) -> bool:
    return any(module == kept or module.startswith(f"{kept}.") for kept in KEPT)
