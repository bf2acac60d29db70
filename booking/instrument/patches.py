"""Replace attributes of a library, and put them back."""

from __future__ import annotations

from typing import Any

MISSING = object()


class Patches:
    """What was replaced, in order; `undo` puts it back, last first."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Replace an attribute of a class or module; a class method stays one."""
        self._before.append((owner, name, vars(owner).get(name, MISSING)))
        setattr(owner, name, value)

    def undo(self) -> None:
        """Put everything back."""
        while self._before:
            owner, name, value = self._before.pop()
            if value is MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
