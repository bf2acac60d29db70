"""Read the values of a history's frame: its first line (`sale`) and its last (`end`).

Both are optional, and so is each of their fields. A field that the check reads and that has the
wrong type is refused, by its name; the other fields are only reported.
"""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec
from msgspec import UNSET

from booking.history.model import VERSION, SaleEnd, Wait

_SALE: dict[str, tuple[type, ...]] = {
    "version": (int,),
    "tickets": (int,),
    "inventories": (dict,),
    "numbers": (str,),
}
_END: dict[str, tuple[type, ...]] = {
    "remaining": (int,),
    "inventories": (dict,),
    "hung": (list,),
    "unlogged": (list,),
    "unanswered": (list,),
    "outside": (list,),
    "let_in": (list,),
    "crashed": (dict, list),
    "waits": (list,),
}
_NUMBERS = frozenset({"before", "after", "seat", "none", None})
_REPORTED = tuple(field for field in msgspec.structs.fields(SaleEnd) if field.name not in _END)


class FrameError(ValueError):
    """A field of the frame has the wrong type, or the format is a newer booking's."""


def sale_of(value: dict[str, Any]) -> dict[str, Any]:
    """Check the first line's value and return it: the scenario, and the counts at the start.

    A line without a version is of version 1.
    """
    _check_types("sale", value, _SALE)
    version = value.get("version", 1)
    if version is None or version < 1:
        _refuse("sale", "version")
    if version > VERSION:
        raise FrameError(f"version {version} of a history; this booking reads up to {VERSION}")
    if value.get("numbers") not in _NUMBERS:
        raise FrameError(
            f"'numbers' of the line 'sale' is {value['numbers']!r}: no meaning has this name"
        )
    return value


def end_of(value: dict[str, Any]) -> SaleEnd:
    """Decode the last line's value; `crashed` may be a list, and a wait a list of three."""
    _check_types("end", value, _END)
    crashed, inventories = value.get("crashed", UNSET), value.get("inventories")
    return SaleEnd(
        hung=value.get("hung") or [],
        unlogged=value.get("unlogged") or [],
        unanswered=[str(name) for name in value.get("unanswered") or []],
        outside=[str(change) for change in value.get("outside") or []],
        let_in=[str(sentence) for sentence in value.get("let_in") or []],
        crashed=crashed if crashed is UNSET else _deaths(crashed or {}),
        waits=[_wait(entry) for entry in value.get("waits") or []],
        inventories=UNSET if inventories is None else inventories,
        remaining=value.get("remaining"),
        **_reported(value),
    )


def _check_types(frame: str, value: dict[str, Any], types: dict[str, tuple[type, ...]]) -> None:
    for name, allowed in types.items():
        field = value.get(name)
        if not isinstance(field, (*allowed, type(None))) or isinstance(field, bool):
            _refuse(frame, name)
    counts = value.get("inventories") or {}
    if any(type(count) is not int for count in counts.values()):
        _refuse(frame, "inventories")


def _deaths(crashed: dict[Any, Any] | list[Any]) -> dict[int | str, str]:
    if isinstance(crashed, list):
        return {str(process): "" for process in crashed}
    return {process: str(why) for process, why in crashed.items()}


def _wait(entry: Any) -> Wait:
    if isinstance(entry, dict):
        names = ("buyer", "step", "resource", "holder")
        buyer, step, resource, holder = (entry.get(name) for name in names)
    elif isinstance(entry, list) and len(entry) == 3:  # noqa: PLR2004 - buyer, resource, holder
        step, (buyer, resource, holder) = None, entry
    else:
        _refuse("end", "waits")
    return Wait(buyer, step, resource, holder)  # type: ignore[arg-type]  # of any type, as read


def _reported(value: dict[str, Any]) -> dict[str, Any]:
    """Convert the fields that only reports show; those of another tool's types are left out."""
    fields: dict[str, Any] = {}
    for field in _REPORTED:
        if field.name in value:
            try:
                fields[field.name] = msgspec.convert(value[field.name], field.type, strict=False)
            except msgspec.ValidationError:
                continue
    return fields


def _refuse(frame: str, name: str) -> NoReturn:
    raise FrameError(f"{name!r} of the line {frame!r} is of no use: it has the wrong type")
