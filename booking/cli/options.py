"""What every command that runs a sale can be told: flags over the scenario file over defaults."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from booking.core.registry import BUILT_IN, default_lock

F = TypeVar("F", bound=Callable[..., Any])

SCENARIO_FLAGS = (
    click.option("--store", metavar="URL", help="json, json:data.json, memory, module:Class …"),
    click.option("--guard", metavar="NAME", help="How one order is carried out: none, lock …"),
    click.option(
        "--lock", metavar="[=NAME]", help="Guard lock, with that lock; alone: the default lock."
    ),
    click.option("--buyers", type=int, metavar="N", help="Buyer processes.  [default: 10]"),
    click.option("--tickets", type=int, metavar="N", help="Tickets at the start.  [default: 3]"),
    click.option("--quantity", type=int, metavar="N", help="Tickets an order.  [default: 1]"),
    click.option("--until-sold-out", is_flag=True, help="Buy again and again instead of once."),
    click.option(
        "--delay",
        metavar="SPAN",
        help="Network between read and check: 10ms..30ms, 1s, 0ms.  [default: 10ms..30ms]",
    ),
    click.option("--arrival", metavar="HOW", help="together, serial or poisson:RATE (a second)."),
    click.option("--start-method", metavar="NAME", help="fork, spawn or forkserver."),
    click.option("--behaviour", metavar="MODULE:FUNCTION", help="What each buyer does."),
    click.option("--search/--no-search", default=None, help="Look before buying."),
    click.option("--daemon/--no-daemon", default=None, help="Buyers end when the harness leaves."),
    click.option("--close-after", metavar="TIME", help="The harness leaves after this time."),
    click.option("--seed", type=int, metavar="N", help="Delays and arrivals follow from it."),
    click.option(
        "--timeout", metavar="TIME", help="No step for so long: it hangs.  [default: 10s]"
    ),
    click.option("--acquire-timeout", metavar="TIME", help="How long to wait for a lock."),
    click.option("--durable", is_flag=True, help="On disk before anybody hears 'sold'."),
    click.option(
        "--control/--no-control", default=None, help="Follow a guarded sale by one without."
    ),
)


def scenario_flags(function: F) -> F:
    """Give a command every flag that shapes a sale."""
    for option in reversed(SCENARIO_FLAGS):
        function = option(function)
    return function


def _only_json(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    if value:
        from booking.report import documents

        documents.reserve_output()
        context.call_on_close(documents.release_output)
    return value


json_option = click.option(
    "--json", "as_json", is_flag=True, is_eager=True, callback=_only_json,
    help="One JSON document on standard output.",
)  # fmt: skip


class SaleCommand(click.Command):
    """A command with `--lock[=NAME]`: the name is optional, and joined by an equals sign."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give a bare `--lock` the default lock's name; `--lock flock` is understood too."""
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
    """Give what was said on the command line, and only that."""
    names = {option_name(option) for option in SCENARIO_FLAGS}
    return {
        name: value
        for name, value in context.params.items()
        if name in names
        and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }


def option_name(decorate: Callable[[Callable[..., Any]], Any]) -> str:
    """Give the parameter's name of an option decorator."""

    def probe() -> None:
        pass

    decorate(probe)
    parameter: click.Parameter = probe.__click_params__[0]  # type: ignore[attr-defined]  # click's own
    return parameter.name or ""


def read_scenario(path: Path | None, context: click.Context) -> tuple[Any, Any]:
    """Give the scenario of the flags over the file, and what is usual without the flags."""
    from booking.core.scenario import Scenario, from_file, from_flags

    base = from_file(path) if path is not None else None
    return from_flags(given_flags(context), base), base or Scenario()


def ensure_writable(flag: str, path: Path) -> None:
    """Refuse before the work what could not be written after it."""
    from booking.errors import UsageError

    if path.is_dir():
        raise UsageError(f"{flag} {path}: is a folder; name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"{flag} {path}: no such folder; create it or name another file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{flag} {path}: cannot be written to; check its permissions")
