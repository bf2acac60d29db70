"""Purchase functions of the tests lie in several modules of a shop: by what they show."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent


def module_of(function: str, shop: str) -> str:
    """Return the module of a shop that defines a function: `tests.support.file_shop_wrong`."""
    for file in sorted(HERE.glob(f"{shop}*.py")):
        if re.search(rf"^def {function}\(", file.read_text(), re.MULTILINE):
            return f"tests.support.{file.stem}"
    raise LookupError(f"no {shop} has a function {function}")
