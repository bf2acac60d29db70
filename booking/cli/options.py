"""Share among commands: `--json`, and lists of names."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from booking.cli.completers import EXPECT
from booking.core.printable import printable
from booking.core.spelling import did_you_mean

if TYPE_CHECKING:
    from booking.core.scenario import Scenario

    _ParamType = click.ParamType[int]  # a generic class in some versions of click only
    _ChoiceType = click.Choice[str]
else:
    _ChoiceType = click.Choice
    _ParamType = click.ParamType


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

allow_code_option = click.option(
    "--allow-code", is_flag=True, help="The file may name code: module:Class, module:function."
)
allow_places_option = click.option(
    "--allow-places", is_flag=True, help="The file may name inventories outside of its folder."
)


expect_option = click.option(
    "--expect", metavar="NAME", shell_complete=EXPECT,
    help="Exit 0 if this verdict or anomaly is the outcome.",
)  # fmt: skip


class _Choice(_ChoiceType):
    """One of a few words; the error for another one has the nearest of them."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the word; fail where it is none of them."""
        text = str(value)
        if text not in self.choices:
            allowed = ", ".join(map(repr, self.choices))
            meant = did_you_mean(text, self.choices)
            self.fail(f"{text!r} is not one of {allowed}. {meant}".strip(), param, ctx)
        return text


def choice(*words: str) -> _Choice:
    """Return the type of an option that takes one of these words."""
    return _Choice(words)


class _Size(_ParamType):
    """A number of bytes, written with its unit."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number of bytes; fail where the text is no size."""
        from booking.system.sizes import parse_size

        if isinstance(value, int):
            return value
        try:
            return parse_size(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SIZE = _Size()
MAX_MEMORY = "--max-memory"


def _allow_memory(context: click.Context, _parameter: click.Parameter, value: int | None) -> None:
    if value is not None:
        from booking.system import memory

        memory.allow(value)
        context.meta[MAX_MEMORY] = value
        context.call_on_close(memory.forget_allowed)


memory_option = click.option(
    MAX_MEMORY, type=SIZE, metavar="SIZE", callback=_allow_memory, expose_value=False,
    is_eager=True, help="Memory to go up to, estimated beforehand.  [default: what is free]",
)  # fmt: skip


def typed(context: click.Context, **changes: object) -> str:
    """Return the command as it was typed, in full words; `changes` are further parameters."""
    from booking.core.redaction import redacted

    words = context.command_path.split()
    arguments: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        value = changes.get(name, context.params.get(name) if given else None)
        if value is None:
            continue
        for each in value if isinstance(value, tuple) else (value,):
            if not isinstance(parameter, click.Option):
                arguments.append(str(each))
            elif parameter.is_flag:
                words += [parameter.opts[0]] if each else parameter.secondary_opts[:1]
            else:
                words += [parameter.opts[0], str(each)]
    return shlex.join(map(redacted, [*words, *memory_words(context), *arguments]))


def memory_words(context: click.Context) -> list[str]:
    """Return the words that set the memory to go up to, where they were typed."""
    given = context.meta.get(MAX_MEMORY)
    return [] if given is None else [MAX_MEMORY, str(given)]


def names_in(text: str) -> list[str]:
    """Return the names in a list with commas."""
    return [name for word in text.split(",") if (name := word.strip())]


def warn_of_torn_writes(*scenarios: Scenario) -> None:
    """Print a line on standard error for each named inventory that a kill may empty.

    One that cannot be read has nothing to lose, or is refused by the command.
    """
    from booking.core.assembly import assemble
    from booking.errors import BookingError
    from booking.experiments.by_hand import count
    from booking.report.terminal.text import echo

    for store, scenario in {scenario.store: scenario for scenario in scenarios}.items():
        with suppress(BookingError):
            warning = assemble(scenario).warning
            if warning is not None:
                count(store)
                echo(f"booking: warning: {printable(warning)}", err=True)
