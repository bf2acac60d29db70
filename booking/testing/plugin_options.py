"""The options of the pytest plugin: on the command line, and in the ini file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest


class _Option(NamedTuple):
    parse: Callable[[str], object]
    metavar: str
    help: str


def _whole(lowest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < lowest:
            raise ValueError(text)
        return value

    number.__name__ = f"whole number from {lowest}"  # argparse names it in its error
    return number


def _seed(text: str) -> object:
    return text if text == "random" else _whole(0)(text)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


_seed.__name__ = "seed: a whole number from 0, or random"
_seconds.__name__ = "number of seconds"

# By the name of the option of `race` that each sets.
OPTIONS = {
    "seed": _Option(_seed, "N|random", "orders and delays of sales follow from it [0]"),
    "buyers": _Option(_whole(1), "N", "buyers of each race, whatever its test says"),
    "schedules": _Option(_whole(0), "N", "sales in chosen orders, before a free one [10]"),
    "max_states": _Option(_whole(1), "N", "where proved() stops exploring [200000]"),
    "max_seconds": _Option(_seconds, "S", "the same, by the clock [60]"),
}
ALLOW = "let tests pass whose verdict is unknown; it is reported all the same"


def add_options(parser: pytest.Parser) -> None:
    """Add each option as `--booking-NAME` and as the ini key `booking_NAME`."""
    group = parser.getgroup("booking", "races of buyers (booking)")
    for name, option in OPTIONS.items():
        group.addoption(
            f"--booking-{name.replace('_', '-')}", dest=f"booking_{name}", type=option.parse,
            metavar=option.metavar, default=None, help=option.help,
        )  # fmt: skip
        parser.addini(f"booking_{name}", option.help, default="")
    group.addoption(
        "--booking-allow-unknown", dest="booking_allow_unknown", action="store_true",
        default=None, help=ALLOW,
    )  # fmt: skip
    parser.addini("booking_allow_unknown", ALLOW, type="bool", default=False)


def flags(config: pytest.Config) -> dict[str, Any]:
    """Return what the command line says."""
    names = [*OPTIONS, "allow_unknown"]
    given = {name: config.getoption(f"booking_{name}", None) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def settings(config: pytest.Config) -> dict[str, Any]:
    """Return what the ini file says; raise `pytest.UsageError` where it says nonsense."""
    given: dict[str, Any] = {}
    for name, option in OPTIONS.items():
        if text := config.getini(f"booking_{name}"):
            try:
                given[name] = option.parse(text)
            except ValueError:
                what = getattr(option.parse, "__name__", "value")
                raise pytest.UsageError(f"booking_{name} = {text}: is no {what}") from None
    if config.getini("booking_allow_unknown"):
        given["allow_unknown"] = True
    return given


def option_of(config: pytest.Config, name: str) -> Any:
    """Return an option's value: the command line's, else the ini file's, else None."""
    return {**settings(config), **flags(config)}.get(name)


def given_words(config: pytest.Config, changed: Mapping[str, object]) -> list[str]:
    """Return the words that give the options of this run again, some of them changed."""
    words: list[str] = []
    for name, value in {**flags(config), **changed}.items():
        flag = f"--booking-{name.replace('_', '-')}"
        if value is not None:
            words += [flag] if value is True else [flag, str(value)]
    return words
