"""A stranger's files: every key of a scenario, a witness and a history, and what to put there."""

from __future__ import annotations

import json
import re
import socket
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel

Key = tuple[str, ...]

# Text that moves the cursor, clears, hides, renames the window, reorders, and markup of rich.
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\b\x7f\u202e\u2066\u2028[/bold][link=file:///etc]x"
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

EVIL = '''"""Code of a stranger: it leaves a trace when it is imported, made or called."""
from pathlib import Path
TRACE = Path(__file__).parent / "RAN"
def leave_trace(*_args):
    TRACE.write_text("ran")
leave_trace()
class Thing:
    __init__ = sell = acquire = release = reset = read = write = close = leave_trace
'''


@dataclass(frozen=True)
class Neighbourhood:
    """A folder with an inventory, a stranger's folder and code, and a server that listens."""

    folder: Path
    server: socket.socket

    @property
    def strangers(self) -> Path:
        """The folder that a stranger's files lie in."""
        return self.folder / "stranger"

    def values(self, *, all_of_them: bool) -> list[str]:
        """Return what a stranger may write into any key: all of it, or one of a kind."""
        port = self.server.getsockname()[1]
        victim = self.folder / "victim.json"
        code = [f"evil:{name}" for name in ("Thing", "leave_trace", "Thing:place", "no_such")]
        files = [f"json:{victim}", "json:victim.json", "json-inplace:stranger/../victim.json"]
        files += [f"sqlite:{self.folder}/new.db", "json:stranger/link.json", "json:stranger/a\0b"]
        urls = [f"redis://127.0.0.1:{port}/0", f"postgresql://u:pw@127.0.0.1:{port}/d"]
        if not all_of_them:
            return [code[0], files[0], ESCAPES]
        return [*code, "os:system", str(victim), "../victim.json", *files, *urls, ESCAPES]

    def contents(self) -> dict[str, bytes]:
        """Return what lies outside of the stranger's folder."""
        return {
            str(path): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and self.strangers not in path.parents
        }

    def was_asked(self) -> bool:
        """Return whether any process has connected to the server."""
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return False
        return True


def neighbourhood(folder: Path) -> Neighbourhood:
    """Make the folder; the code lies in the current folder, beside the inventory."""
    (folder / "stranger").mkdir()
    (folder / "evil.py").write_text(EVIL)
    (folder / "victim.json").write_text('{"ticket_num": 77}')
    (folder / "stranger" / "link.json").symlink_to(folder / "victim.json")
    server = socket.create_server(("127.0.0.1", 0))
    server.setblocking(False)
    return Neighbourhood(folder, server)


def keys_of(model: Any) -> list[Key]:
    """Return the path of every key of a file's model, pydantic's or msgspec's."""
    return list(_keys(model, ()))


def _keys(model: Any, above: Key) -> Iterator[Key]:
    for name, hint in get_type_hints(model).items():
        if name not in _fields(model):
            continue
        inner = _model_in(hint)
        if inner is None:
            yield (*above, name)
        else:
            yield from _keys(inner, (*above, name))


def _fields(model: Any) -> set[str]:
    if issubclass(model, BaseModel):
        return set(model.model_fields)
    return {field.name for field in msgspec.structs.fields(model)}


def _model_in(hint: Any) -> Any:
    """Return the model in `list[Model]`, `Model | None` and the like."""
    if isinstance(hint, type) and issubclass(hint, (BaseModel, msgspec.Struct)):
        return hint
    if get_origin(hint) in {list, Annotated, Union, types.UnionType} or get_args(hint):
        return next(filter(None, map(_model_in, get_args(hint))), None)
    return None


def planted(document: dict[str, Any], key: Key, value: Any) -> dict[str, Any]:
    """Return a copy of a document with a value at a key; in a list, in its first entry."""
    copy = json.loads(json.dumps(document))
    inner = copy
    for name in key[:-1]:
        inner = inner[name][0] if isinstance(inner[name], list) else inner[name]
    inner[key[-1]] = [value] if isinstance(inner.get(key[-1]), list) else value
    return copy


def toml(document: dict[str, Any]) -> str:
    """Return a document as TOML: JSON's strings, numbers and lists are TOML's, too."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in document.items() if _flat(value)]
    for name, value in document.items():
        if not _flat(value):
            header = f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
            table = value[0] if isinstance(value, list) else value
            lines += [header, *(f"{key} = {json.dumps(entry)}" for key, entry in table.items())]
    return "\n".join(lines) + "\n"


def _flat(value: Any) -> bool:
    return not isinstance(value, dict) and not (isinstance(value, list) and value)
