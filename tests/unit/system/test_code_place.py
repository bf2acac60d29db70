"""A place in the code is a path below its package, and a line."""

from __future__ import annotations

import json.decoder
from pathlib import Path

from booking.system.code_place import code_place


def test_a_module_of_a_package_has_its_package() -> None:
    assert code_place(json.decoder.__file__, 7) == "json/decoder.py:7"


def test_a_module_of_its_own_is_a_file(tmp_path: Path) -> None:
    assert code_place(str(tmp_path / "shop.py"), 14) == "shop.py:14"


def test_what_is_no_file_is_named_as_it_is() -> None:
    assert code_place("<string>", 1) == "<string>:1"
