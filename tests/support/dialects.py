"""One recording as several programs would write it to a file, with the flags that `check` needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.crosscheck import lines
from tests.support.definition import Recording

NAMES = {"buy": "add", "search": "read", "refund": "cancel", "sold-out": "gone"}
RENAMED = ["--buy", "add", "--observe", "read", "--refund", "cancel", "--sold-out", "gone"]
KEY = "hall"


def said(recording: Recording) -> list[str]:
    """Return what no file says: what numbers are, and which way it counts."""
    flags = ["--counting", recording.counting]
    return flags if recording.numbers is None else [*flags, "--numbers", recording.numbers]


def ours(recording: Recording, folder: Path) -> list[str]:
    """Write JSON lines with a frame."""
    return [*_write(folder / "ours.jsonl", lines(recording)), *said(recording)]


def renamed(recording: Recording, folder: Path) -> list[str]:
    """Write JSON lines with other names for operations and for the error."""
    events = [_renamed(event) for event in lines(recording)]
    return [*_write(folder / "renamed.jsonl", events), *RENAMED, *said(recording)]


def unframed(recording: Recording, folder: Path) -> list[str] | None:
    """Write the operations alone; the counts are given as flags. None: there is more to say."""
    if set(recording.tickets) != {None} or recording.unlogged or not recording.events:
        return None
    flags = ["--tickets", str(recording.tickets[None]), *said(recording)]
    if recording.remaining[None] is not None:
        flags += ["--remaining", str(recording.remaining[None])]
    return [*_write(folder / "unframed.jsonl", recording.events), *flags]


def keyed(recording: Recording, folder: Path) -> list[str] | None:
    """Write values as `[key, value]`; one inventory gets a name."""
    if any("intent" in event for event in recording.events):
        return None  # such programs know none
    events = []
    for event in lines(recording):
        if event["process"] == "harness":
            named = {name: {KEY: event["value"][old]} for old, name in _COUNTS.items()
                     if event["value"].get(old) is not None}  # fmt: skip
            events.append({**event, "value": {**event["value"], **named}})
            continue
        key = event.get("key", KEY)
        bare = {name: value for name, value in event.items() if name != "key"}
        events.append({**bare, "value": [key, event.get("value")]})
    return [*_write(folder / "keyed.jsonl", events), "--keyed", *said(recording)]


_COUNTS = {"tickets": "inventories", "remaining": "inventories"}


def edn(recording: Recording, folder: Path) -> list[str]:
    """Write EDN, an event a line, with keywords where Jepsen has them."""
    path = folder / "history.edn"
    path.write_text("".join(_edn(event) + "\n" for event in lines(recording)))
    return [str(path), *said(recording)]


DIALECTS: dict[str, Callable[[Recording, Path], list[str] | None]] = {
    "ours": ours, "renamed": renamed, "unframed": unframed, "keyed": keyed, "edn": edn,
}  # fmt: skip


def _write(path: Path, events: list[dict[str, Any]]) -> list[str]:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return [str(path)]


def _renamed(event: dict[str, Any]) -> dict[str, Any]:
    changed = {name: NAMES[event[name]] for name in ("f", "error") if event.get(name) in NAMES}
    return {**event, **changed}


def _edn(value: Any, keyword: bool = False) -> str:
    if isinstance(value, dict):
        pairs = (f":{name} {_edn(v, name in {'type', 'f'})}" for name, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + " ".join(map(_edn, value)) + "]"
    if value is None:
        return "nil"
    return f":{value}" if keyword else json.dumps(value)
