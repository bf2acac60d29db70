"""Wrong purchases over a file, and each with the cure in it that the environment names."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

CURE, STATEMENT = os.environ.get("CURE", ""), os.environ.get("STATEMENT", "")
DATA = Path("data.json")


def setup() -> None:
    DATA.write_text(json.dumps({"left": 1}))


def left() -> int:
    return int(json.loads(DATA.read_text())["left"])


def _taken(target: Path) -> bool:
    count = left()
    if count < 1:
        return False
    target.write_text(json.dumps({"left": count - 1}))
    if target != DATA:
        os.replace(target, DATA)
    return True


def _cured(target: Path) -> bool:
    if CURE != "file-lock":
        return _taken(target)
    sold: list[bool] = []
    names = {"fcntl": fcntl, "sold": sold, "taken": _taken, "target": target}
    exec(STATEMENT.replace("...", "sold.append(taken(target))"), names)
    return sold[0]


def rewritten() -> bool:
    return _cured(DATA)


def replaced() -> bool:
    return _cured(Path("data.json.new"))
