"""The options of the pytest plugin: on the command line, and in the ini file."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

_SECONDS = re.compile(r"\d{1,9}(\.\d+)?", re.ASCII)


class _Option(NamedTuple):
    parse: Callable[[str], object]
    metavar: str
    help: str


def _whole(lowest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) >= lowest):
            raise ArgumentTypeError(f"{text!r}: give a whole number from {lowest}")
        return int(text)

    return parse


def _seed(text: str) -> object:
    if text == "random":
        return text
    try:
        return _whole(0)(text)
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{error}, or random") from None


def _seconds(text: str) -> float:
    if not _SECONDS.fullmatch(text):
        raise ArgumentTypeError(f"{text!r}: give seconds, such as 10 or 0.5")
    return float(text)


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
            except ArgumentTypeError as error:
                raise pytest.UsageError(f"ini option booking_{name}: {error}") from None
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
