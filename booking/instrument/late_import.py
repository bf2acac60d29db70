"""Have something done when a library is imported: it is slow to import, and may never be."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def once_imported(library: str, done: Callable[[], None]) -> None:
    """Call `done` behind the import of a library, before its importer goes on."""
    if library in sys.modules:
        done()
        return
    sys.meta_path.insert(0, _Finder(library, done))


class _Finder(MetaPathFinder):
    """Finds one library, once, and has its loader tell."""

    def __init__(self, library: str, done: Callable[[], None]) -> None:
        self._library = library
        self._done = done

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._library:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._done)
        return spec


class _Loader(Loader):
    """Loads as another loader does, and calls a function behind it."""

    def __init__(self, real: Loader, done: Callable[[], None]) -> None:
        self._real = real
        self._done = done

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        if spec is not None:
            spec.loader = module.__loader__ = self._real
        self._real.exec_module(module)
        self._done()
