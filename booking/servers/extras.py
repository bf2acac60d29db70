"""Optional dependencies: find what an extra installed, or name the extra that is missing."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from booking.errors import InventoryError
from booking.system.distribution import install_command


def ensure_driver(driver: str, extra: str) -> None:
    """Raise `InventoryError` where the driver of a store is not installed."""
    try:
        importlib.import_module(driver)
    except ImportError:
        raise InventoryError(
            f"store {extra} needs the extra {extra}; {install_hint(extra)}"
        ) from None


def install_hint(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"install it with: {install_command(extra)}"


def no_server(extra: str, url: str) -> InventoryError:
    """Return the error of a store whose private server is not installed."""
    return InventoryError(
        f"store {extra}: a private server needs the extra {extra}; {install_hint(extra)}, "
        f"or name a server: --store {url}"
    )


def wheel_folders(wheel: str) -> list[Path]:
    """Return the folders of an installed package; none where it is not installed."""
    spec = importlib.util.find_spec(wheel)
    return [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]
