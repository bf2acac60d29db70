"""What a sale is to be: one pydantic model for flags and TOML files alike."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from multiprocessing import get_all_start_methods
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from booking.core.data_files import NOTHING, Names, Permission, problems
from booking.core.durations import DURATION_MAX_S, Span, parse_duration, parse_span, written
from booking.core.protocols import TICKETS_MAX
from booking.core.registry import BUILT_IN, default_lock, table
from booking.core.shipped_scenarios import unreadable
from booking.core.spelling import did_you_mean, unknown
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import UsageError
from booking.system.bounded_read import read_document

BUYERS_MAX = 60_000  # a pipe holds a byte for each
FILE_BYTES_MAX = 1 << 18  # a scenario has some hundred
LINE_MAX = 4096  # characters; the parser takes long for keys of thousands of parts
PROBLEMS_MAX = 10  # of a file that are shown
SHOWN_CHARS_MAX = 40
_DURATION_PATTERN = r"[0-9]+(\.[0-9]+)?(us|ms|s|m)"
_QUOTED = re.compile(r"'([^']*)'")  # of the values that pydantic names
_POISSON = re.compile(r"poisson:(\d+(?:\.\d+)?)", re.ASCII)

Duration = Annotated[
    float,
    BeforeValidator(lambda value: value if isinstance(value, float) else parse_duration(value)),
    PlainSerializer(written),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION_PATTERN}$", "examples": ["10s"]}),
]
DelaySpan = Annotated[
    Span,
    BeforeValidator(parse_span),
    PlainSerializer(str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^{_DURATION_PATTERN}(\.\.{_DURATION_PATTERN})?$",
            "examples": ["10ms..30ms", "1s"],
        }
    ),
]


def _arrival(text: str) -> str:
    if text in {"together", "serial"}:
        return text
    found = _POISSON.fullmatch(text)
    if found is None or float(found[1]) == 0:
        meant = did_you_mean(text, ("together", "serial", "poisson:RATE"))
        raise ValueError(f"{text!r} is no arrival; {meant}write together, serial or poisson:RATE")
    return text


def _start_method(text: str) -> str:
    if text not in get_all_start_methods():
        meant = did_you_mean(text, get_all_start_methods())
        raise ValueError(f"{meant}this system has only {', '.join(get_all_start_methods())}")
    return text


def _behaviour(name: str | None) -> str | None:
    if name is None or ":" in name or name in BUILT_IN["behaviour"]:
        return name
    if name not in (known := table("behaviour")):
        raise ValueError(f"{unknown('behaviour', name, known)}; or write module:name")
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Fault(_Strict):
    """Something that happens to a buyer right before one of its steps."""

    kind: Literal["kill", "terminate", "raise", "pause"] = Field(
        description="SIGKILL, SIGTERM, an exception in the buyer's own code, or a pause"
    )
    buyer: Annotated[int, Field(ge=0)] | Literal["first", "clerk"] = Field(
        "first",
        description="a buyer's number, whichever reaches that step first, or the clerk",
    )
    before: str = Field(description="the step's action: read, write, replace, acquire, release …")
    nth: int = Field(1, ge=1, description="the how many-th such step of that buyer")
    duration: Duration = Field(1.0, description="how long a pause takes")


class Expect(_Strict):
    """What a scenario shall show; what is left out is not looked at."""

    verdict: Annotated[Outcome, Field(strict=False)] | None = None
    anomalies: list[Annotated[AnomalyName, Field(strict=False)]] = Field(
        default_factory=list, description="each of these is found"
    )
    sold: int | None = None
    remaining: int | None = None
    info: int | None = Field(None, description="orders whose outcome is unknown")
    crashed: int | None = Field(None, description="buyers that did not end by themselves")
    hung: int | None = Field(None, description="buyers that waited for what never came")


class Scenario(_Strict):
    """One sale: who comes, for what, to which inventory, guarded how.

    A field in `FLAGS` (`booking/core/flags.py`) is also a flag of the command line.
    """

    title: str = Field("", description="one line for people")
    store: Annotated[str, Names("store")] = Field(
        "json", description="a store's name or URL: json, json:data.json, memory"
    )
    guard: Annotated[str, Names("guard")] = Field(
        "", description="how one order is carried out; none, or lock if one is named"
    )
    lock: Annotated[
        str | None,
        Names("lock"),
    ] = Field(None, description="which lock, for guards that take one")
    buyers: int = Field(10, ge=1, le=BUYERS_MAX, description="how many processes come to buy")
    tickets: int | None = Field(None, ge=0, le=TICKETS_MAX, description="how many are for sale")
    quantity: int = Field(1, ge=1, le=TICKETS_MAX, description="tickets an order")
    until_sold_out: bool = Field(False, description="buy again and again instead of once")
    buy_for: Duration | None = Field(
        None, description="buy again and again for this time, or until sold out"
    )
    delay: DelaySpan = Field(
        Span(0.01, 0.03), description="the network between reading the count and checking it"
    )
    arrival: Annotated[
        str,
        AfterValidator(_arrival),
    ] = Field(
        "together", description="together, serial (one after another), or poisson:RATE a second"
    )
    start_method: Annotated[str, AfterValidator(_start_method)] = Field(
        get_all_start_methods()[0], description="fork, spawn or forkserver"
    )
    behaviour: Annotated[
        str | None,
        AfterValidator(_behaviour),
        Names("behaviour"),
    ] = Field(
        None, description="a registered name, or a function module:name called with each Buyer"
    )
    search: bool = Field(True, description="look before buying")
    daemon: bool = Field(True, description="buyers end when the harness leaves")
    close_after: Duration | None = Field(
        None, description="the harness leaves after this time: daemons end, others are awaited"
    )
    seed: int | None = Field(None, ge=0, lt=2**63, description="delays and arrivals follow from it")
    timeout: Duration = Field(10.0, description="a sale without a step for so long hangs")
    acquire_timeout: Duration | None = Field(
        None, description="how long to wait for a lock; by default as long as the sale may take"
    )
    durable: bool = Field(False, description="on disk before a buyer hears that it was sold")
    control: bool = Field(True, description="follow a guarded sale by one without the guard")
    faults: list[Fault] = Field(default_factory=list)
    expect: Expect = Field(default=Expect())

    @model_validator(mode="before")
    @classmethod
    def _name_guard_and_lock(cls, given: Any) -> Any:
        """`lock` alone means guard `lock`; guard `lock` alone means the default lock."""
        if isinstance(given, dict):
            given = dict(given)
            if not given.get("guard"):
                given["guard"] = "lock" if given.get("lock") else "none"
            if given["guard"] == "lock" and not given.get("lock"):
                given["lock"] = default_lock()
        return given

    @property
    def rate_per_s(self) -> float | None:
        """Arrivals a second of a Poisson process, or None."""
        found = _POISSON.fullmatch(self.arrival)
        return float(found[1]) if found else None

    @property
    def guarded(self) -> bool:
        """Whether anything keeps the buyers apart: a guard, or that they come one by one."""
        return self.guard != "none" or self.arrival == "serial"

    @property
    def patience_s(self) -> float:
        """How long a buyer waits for a lock: longer than it takes to see that a sale hangs."""
        if self.acquire_timeout is not None:
            return self.acquire_timeout
        return 2 * self.timeout + 2 * self.buyers * (self.delay.high_s + 0.01)

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        """Refuse what could not happen, or not within a day."""
        for fault in self.faults:
            if isinstance(fault.buyer, int) and fault.buyer >= self.buyers:
                raise ValueError(f"faults: there is no buyer {fault.buyer} among {self.buyers}")
        if self.rate_per_s is not None and self.buyers / self.rate_per_s > DURATION_MAX_S:
            raise ValueError(f"arrival: at {self.arrival} the last buyer comes after a day")
        return self

    @property
    def paused_s(self) -> float:
        """How long planned pauses may keep the other buyers waiting."""
        return sum(fault.duration for fault in self.faults if fault.kind == "pause")

    def but(self, **changes: Any) -> Self:
        """Return the same sale with some things changed."""
        return self.model_copy(update=changes)


@cache
def variants() -> dict[str, Names]:
    """Return each field that names a variant, with the kind of it."""
    return {
        name: mark
        for name, field in Scenario.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Names)
    }


def from_flags(given: dict[str, Any], base: Scenario | None = None) -> Scenario:
    """Make a scenario of flags, over a file's where there is one."""
    fields = {**(base.model_dump(exclude_unset=True) if base else {}), **given}
    if "guard" in given and "lock" not in given and given["guard"] != "lock":
        fields["lock"] = None
    elif "lock" in given and "guard" not in given:
        fields["guard"] = ""
    try:
        return Scenario.model_validate(fields)
    except ValidationError as error:
        raise UsageError("; ".join(_flag_problems(error))) from None


def from_file(path: Path, allowed: Permission = NOTHING) -> Scenario:
    """Read a scenario; errors name the file, the line, the key and what is allowed.

    `allowed` says what the file may name besides registered variants and files in its own folder.
    """
    try:
        text = read_document(path, FILE_BYTES_MAX).decode()
        if any(len(line) > LINE_MAX for line in text.splitlines()):
            raise ValueError(f"a line is longer than {LINE_MAX} characters")
        fields = tomllib.loads(text)
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise UsageError(f"{path}: {problem}; {unreadable(path)}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 (byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not TOML: {_one_line(str(error))}") from None
    except (RecursionError, ValueError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{path}: not usable: {_one_line(problem)}") from None
    try:
        scenario = Scenario.model_validate(fields)
    except ValidationError as error:
        raise UsageError("; ".join(_file_problems(path, text, error))) from None
    refused = problems(scenario.model_dump(), variants(), folder_of(path), allowed)
    if lines := [f"{_where(path, text, [key])}: {key}: {why}" for key, why in refused]:
        raise UsageError("; ".join(lines))
    return scenario


def folder_of(path: Path) -> Path | None:
    """Return the folder that a scenario's inventory may lie in; None for a pipe or a device."""
    return path.parent if path.is_file() else None


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Scenario.model_json_schema(),
    }


def _flag_problems(error: ValidationError) -> list[str]:
    return [
        f"--{str(one['loc'][0]).replace('_', '-') if one['loc'] else ''}: {_problem(one)}"
        for one in error.errors()
    ]


def _file_problems(path: Path, text: str, error: ValidationError) -> list[str]:
    """Return the first problems, with the line of each; all of them would take too long to find."""
    more = error.error_count() - PROBLEMS_MAX
    lines = [f"and {more} more problems"] if more > 0 else []
    for one in error.errors()[:PROBLEMS_MAX][::-1]:
        keys = [str(part) for part in one["loc"]]
        names = [key for key in keys if not key.isdigit()]
        where = _where(path, text, names)
        lines.insert(0, f"{where}: {'.'.join(keys) or 'scenario'}: {_problem(one)}")
    return lines


def _where(path: Path, text: str, keys: list[str]) -> str:
    line = _line_of(text, keys)
    return f"{path}:{line}" if line else f"{path}"


def _problem(one: Any) -> str:
    """Describe what is wrong with one value, and what is allowed."""
    if one["type"] == "extra_forbidden":
        *above, key = one["loc"]
        models: dict[str, type[BaseModel]] = {"expect": Expect, "faults": Fault}
        model = models.get(str(above[0]), Scenario) if above else Scenario
        return unknown("key", str(key), list(model.model_fields))
    message = one["msg"].removeprefix("Value error, ")
    shown = repr(one["input"])
    if one["type"] != "value_error" and one["type"] != "missing" and len(shown) <= SHOWN_CHARS_MAX:
        message += f", not {shown}"
    if one["type"] in {"literal_error", "enum"}:
        meant = did_you_mean(str(one["input"]), _QUOTED.findall(one["ctx"]["expected"]))
        message += f"; {meant.strip()}" if meant else ""
    return _one_line(message[:1].lower() + message[1:])


def _line_of(text: str, keys: list[str]) -> int | None:
    """Find the line on which a key stands, below the header of its table."""
    lines = text.splitlines()
    start = 0
    for key in keys[:-1]:
        header = re.compile(rf"\s*\[+\s*{re.escape(key)}\s*\]+")
        start = next((at for at in range(start, len(lines)) if header.match(lines[at])), start)
    for name in reversed(keys):
        pattern = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=""")
        for at in range(start, len(lines)):
            if pattern.match(lines[at]):
                return at + 1
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
