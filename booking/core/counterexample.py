"""A counterexample: the few steps that break a sale, as a JSON file that outlives versions.

It holds steps of the domain (which buyer reads, replaces, acquires), and no lines of code or
bytecode. Users know the file as the witness, after the flag `--witness`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar, get_type_hints

import msgspec

from booking.core.data_files import NOTHING, Names, Permission, problems
from booking.errors import UsageError
from booking.system.bounded_read import TooLargeError, read_document
from booking.system.output import write_output

VERSION = 1


class CounterexampleBuyer(msgspec.Struct, omit_defaults=True, frozen=True):
    """One buyer, and how many tickets it orders."""

    name: str
    quantity: int = 1


class CounterexampleStep(msgspec.Struct, omit_defaults=True, frozen=True):
    """One step: `buyer` by index, `value` is stored, `saw` was read, or 0 or 1 of a lock."""

    buyer: int
    action: str
    resource: str
    value: int | None = None
    saw: int | None = None


class Counterexample(msgspec.Struct, frozen=True, kw_only=True):
    """A sale, the steps that break it, and what they break."""

    version: int = VERSION
    anomaly: str
    message: str
    why: str
    store: Annotated[str, Names("store")]
    guard: Annotated[str, Names("guard")]
    lock: Annotated[str | None, Names("lock")] = None
    tickets: int
    buyers: list[CounterexampleBuyer]
    search: bool = False
    timeouts: bool = False
    steps: list[CounterexampleStep]
    fatal: int | None = None  # index of the step after which every order breaks the sale

    @property
    def schedule(self) -> list[int]:
        """The buyer of each step."""
        return [step.buyer for step in self.steps]


def save(witness: Counterexample, path: Path, option: str = "--witness") -> None:
    """Write a counterexample, whole; an error names the option that asked for it."""
    document = msgspec.json.format(msgspec.json.encode(witness), indent=1) + b"\n"
    write_output(option, path, [document])


@cache
def variants() -> dict[str, Names]:
    """Return each field that names a variant, with the kind of it."""
    return {
        name: mark
        for name, hint in get_type_hints(Counterexample, include_extras=True).items()
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, Names)
    }


def load(path: Path, allowed: Permission = NOTHING) -> Counterexample:
    """Read a counterexample; raise `UsageError` with what is wrong in it.

    `allowed` says whether it may name code.
    """
    return parse(read(path), path, allowed)


def read(path: Path) -> bytes:
    """Return the document of a file that holds a counterexample of any kind."""
    try:
        return read_document(path)
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{path}: {problem}; write one with: booking explore --witness {path}"
        ) from None
    except TooLargeError as error:
        raise UsageError(f"{path}: no witness: {error}") from None


class Versioned(Protocol):
    """A witness of any kind."""

    @property
    def version(self) -> int:
        """The version of its format."""


W = TypeVar("W", bound=Versioned)


def decoded(document: bytes, path: Path, kind: type[W], version: int) -> W:
    """Return a witness of this kind and version; raise `UsageError` for anything else."""
    try:
        witness = msgspec.json.decode(document, type=kind)
    except RecursionError:
        raise UsageError(f"{path}: no witness: nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: no witness: {error}") from None
    if witness.version != version:
        raise UsageError(
            f"{path}: version {witness.version} of a witness; this booking knows {version}"
        )
    return witness


def parse(document: bytes, path: Path, allowed: Permission = NOTHING) -> Counterexample:
    """Return the counterexample of a document; raise `UsageError` with what is wrong in it."""
    witness = decoded(document, path, Counterexample, VERSION)
    outside = [step.buyer for step in witness.steps if not 0 <= step.buyer < len(witness.buyers)]
    if outside:
        raise UsageError(f"{path}: a step of buyer {outside[0]}, who is not among the buyers")
    # Any place may be named, because a replay goes to none: see experiments/replay.py.
    named = problems(plain(witness), variants(), None, replace(allowed, places=True))
    if refused := [f"{path}: {key}: {why}" for key, why in named]:
        raise UsageError("; ".join(refused))
    return witness


def plain(witness: Counterexample) -> dict[str, Any]:
    """Return a counterexample as plain data, for a document that contains it."""
    data: dict[str, Any] = msgspec.to_builtins(witness)
    return data
