"""The flags of a sale, made from the scenario's fields: flags over the file over defaults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from booking.cli.completers import OF_FLAGS
from booking.core.flags import FLAGS
from booking.core.registry import BUILT_IN, default_lock

if TYPE_CHECKING:
    from booking.core.data_files import Permission
    from booking.core.scenario import Scenario

F = TypeVar("F", bound=Callable[..., Any])


def scenario_flags(function: F) -> F:
    """Add a flag to a command for every field of a scenario that has one."""
    for name in reversed(FLAGS):
        function = scenario_option(name)(function)
    return function


def scenario_option(name: str, **changes: Any) -> Callable[[F], F]:
    """Return the option of a scenario's field.

    `changes` are click's own keywords, for a command where the flag means something else.
    """
    flag = FLAGS[name]
    word = f"--{name.replace('_', '-')}"
    keywords: dict[str, Any] = {"help": flag.help}
    if flag.both_ways:
        word, keywords["default"] = f"{word}/--no-{word[2:]}", None
    elif flag.metavar is None:
        keywords["is_flag"] = True
    else:
        keywords |= {"type": int if flag.integer else str, "metavar": flag.metavar}
        keywords["shell_complete"] = OF_FLAGS.get(flag.completed_by)
    return click.option(word, **keywords | changes)


class SaleCommand(click.Command):
    """A command with `--lock[=NAME]`: the name is optional, and joined by an equals sign."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Add the default lock's name to a bare `--lock`; join the name in `--lock flock`."""
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
        if name in FLAGS
        and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }


def read_scenario(
    path: Path | None, context: click.Context, allowed: Permission
) -> tuple[Scenario, Scenario]:
    """Return the scenario of the flags over the file, and what is usual without the flags."""
    from booking.core.scenario import Scenario, from_file, from_flags
    from booking.core.shipped_scenarios import located

    base = from_file(located(path), allowed) if path is not None else None
    return from_flags(given_flags(context), base), base or Scenario()
