"""The flags of a sale, made from the scenario's fields: flags over the file over defaults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from booking.core.registry import BUILT_IN, default_lock
from booking.core.scenario import Flag, Scenario, flags, from_file, from_flags

F = TypeVar("F", bound=Callable[..., Any])


def scenario_flags(function: F) -> F:
    """Add a flag to a command for every field of a scenario that has one."""
    for name, (flag, is_integer) in reversed(flags().items()):
        function = _option(name, flag, is_integer=is_integer)(function)
    return function


def _option(name: str, flag: Flag, *, is_integer: bool) -> Callable[[F], F]:
    word = f"--{name.replace('_', '-')}"
    if flag.both_ways:
        return click.option(f"{word}/--no-{word[2:]}", default=None, help=flag.help)
    if flag.metavar is None:
        return click.option(word, is_flag=True, help=flag.help)
    kind = int if is_integer else str
    return click.option(word, type=kind, metavar=flag.metavar, help=flag.help)


class SaleCommand(click.Command):
    """A command with `--lock[=NAME]`: the name is optional, and joined by an equals sign."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return a bare `--lock` the default lock's name; `--lock flock` is understood too."""
        words: list[str] = []
        rest = iter(args)
        for word in rest:
            words.append(word)
            if word == "--":
                break
            if word == "--lock":
                words[-1] = f"--lock={default_lock()}"
                following = next(rest, None)
                if following in BUILT_IN["lock"]:
                    words[-1] = f"--lock={following}"
                elif following is not None:
                    rest = iter([following, *rest])
        return super().parse_args(ctx, [*words, *rest])


def given_flags(context: click.Context) -> dict[str, Any]:
    """Return the flags of the command line that shape the sale, and no defaults."""
    return {
        name: value
        for name, value in context.params.items()
        if name in flags()
        and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }


def read_scenario(path: Path | None, context: click.Context) -> tuple[Any, Any]:
    """Return the scenario of the flags over the file, and what is usual without the flags."""
    base = from_file(path) if path is not None else None
    return from_flags(given_flags(context), base), base or Scenario()
