"""Files are data: what a scenario or a witness may name without the caller's permission.

Such a file may come from a stranger. It loads registered variants only, so that reading and
running it never imports a module that it names. Its inventory lies in its own folder, so that it
reaches no inventory of the caller. What the command line names is the caller's own, and is not
looked at here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from booking.core.redaction import redacted
from booking.core.registry import BUILT_IN, split_url, table
from booking.errors import UsageError

FILE_STORES = {"json": "", "json-inplace": "", "sqlite": "///"}  # and what may precede the path


@dataclass(frozen=True)
class Permission:
    """What the caller allows a file to name."""

    code: bool = False  # classes and functions as `package.module:name`
    places: bool = False  # inventories outside of the file's own folder


@dataclass(frozen=True)
class Names:
    """Mark a field of a file: its value is the name of a variant of this kind, or a store's URL."""

    kind: str


NOTHING = Permission()
CODE = "names code, and a file is data; give --allow-code if you trust the file and that code"
PLACE = (
    "is a place outside of the file's own folder; name it with booking simulate --store, or give "
    "--allow-places"
)


def problems(
    fields: Mapping[str, Any], kinds: Mapping[str, Names], folder: Path | None, allowed: Permission
) -> Iterator[tuple[str, str]]:
    """Yield each key whose value is not permitted, and what to do about it.

    `folder` is where the file lies; None where it lies nowhere, as a pipe does.
    """
    for key, names in kinds.items():
        value = fields.get(key)
        if not isinstance(value, str):
            continue
        if not allowed.code and names_code(names.kind, value):
            yield key, f"{value!r} {CODE}"
        elif names.kind == "store" and not allowed.places and not _is_inside(value, folder):
            yield key, f"{redacted(value)!r} {PLACE}"


def flags_needed(
    fields: Mapping[str, Any], kinds: Mapping[str, Names], folder: Path | None
) -> list[str]:
    """Return the flags without which a file with these fields would be refused."""
    flags = {"--allow-code": Permission(places=True), "--allow-places": Permission(code=True)}
    return [flag for flag, rest in flags.items() if any(problems(fields, kinds, folder, rest))]


def names_code(kind: str, value: str) -> bool:
    """Return whether a name is `package.module:name` instead of a registered one."""
    if kind == "store":
        try:
            value, _ = split_url(value)
        except UsageError:
            return False  # it names nothing at all
    return ":" in value and value not in table(kind)


def _is_inside(url: str, folder: Path | None) -> bool:
    """Return whether a store's URL names no place, or a file in the folder, links followed."""
    try:
        name, location = split_url(url)
    except UsageError:
        return True  # it names nothing at all
    if not location or ":" in name:
        return True  # code that was allowed reaches every place anyway
    if name not in FILE_STORES or folder is None:
        return False
    try:
        path = os.path.realpath(location.removeprefix(FILE_STORES[name]))
        return Path(path).is_relative_to(os.path.realpath(folder))
    except (OSError, ValueError):  # a null character, for example
        return False


def all_built_in(fields: Mapping[str, Any], kinds: Mapping[str, Names]) -> bool:
    """Return whether every variant that is named is ours: no package's, and no class by path."""
    for key, names in kinds.items():
        name = fields.get(key)
        if isinstance(name, str) and names.kind == "store":
            name, _ = split_url(name)
        if isinstance(name, str) and name not in BUILT_IN[names.kind]:
            return False
    return True
