"""Purchases beside a driver that no interceptor covers, imported at once or by the purchase."""

from __future__ import annotations

import importlib
import os

from tests.support import unseen_sqlite as shop

setup, left = shop.setup, shop.left
if os.environ.get("WHEN") == "import":
    importlib.import_module(os.environ["DRIVER"])


def buy() -> bool:
    importlib.import_module(os.environ["DRIVER"])
    return shop.sound()
