"""The command group: names and one line each; a command is imported when it is called."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from booking import __version__
from booking.cli.failures import Answer, explained, output_is_broken, wants_json
from booking.errors import ExitCode, UsageError
from booking.system.clean_up import settle_all
from booking.system.signals import SignalWatch, Stopped

COMMANDS = {
    "simulate": (
        "booking.cli.simulate:simulate",
        "Run a sale with real buyer processes, check it.",
    ),
    "explore": (
        "booking.cli.explore:explore",
        "Every interleaving of a bounded sale: proof or shortest counterexample.",
    ),
    "replay": ("booking.cli.replay:replay", "Replay a counterexample in real processes."),
    "run": ("booking.cli.run:run", "Run scenario files, hold each against what it expects."),
    "matrix": (
        "booking.cli.matrix:matrix",
        "Which anomaly each guard on each store allows, shown by runs.",
    ),
    "check": ("booking.cli.check:command", "Check a recorded history, ours or another tool's."),
    "bench": ("booking.cli.bench:bench", "What each guard and lock costs, side by side."),
    "demo": ("booking.cli.demo:demo", "The tutorial's sale, without a lock and with one."),
    "init": ("booking.cli.init:init", "Write the shipped scenarios into a folder."),
    "search": ("booking.cli.store:search", "Look how many tickets a store has left."),
    "buy": ("booking.cli.store:buy", "Buy from a store, as one buyer."),
    "reset": ("booking.cli.store:reset", "Put tickets into a store."),
    "list": (
        "booking.cli.catalogue:listing",
        "Stores, locks, guards and fleets, with their facts.",
    ),
    "schema": ("booking.cli.schema:schema", "JSON Schema of a scenario, for editors."),
}

ON_WINDOWS = "check"  # reads and decides; it needs no process, signal or lock of POSIX

COMPLETION = "_BOOKING_COMPLETE"

EPILOG = """\b
First steps:
  booking simulate --buyers 10 --tickets 3          ten buyers, no lock: it oversells
  booking simulate --buyers 10 --tickets 3 --lock   the same with a lock: it does not

\b
Exit codes: 0 as expected, 1 an anomaly or not what was expected, 2 wrong usage
or input, 3 unknown, 4 a threshold was missed, 70 a defect of booking itself,
129, 130, 141, 143 ended by HUP, INT (Ctrl-C), PIPE, TERM.
"""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        if os.name == "nt" and cmd_name != ON_WINDOWS:
            raise UsageError(
                f"booking {cmd_name} needs Linux or macOS; on Windows booking {ON_WINDOWS} works, "
                "and everything inside WSL"
            )
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Return the commands and options that begin like this, importing no command."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=short)
            for name, (_, short) in COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names with a line each, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; suggest the closest name for an unknown one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from booking.core.spelling import unknown

            raise click.UsageError(unknown("command", args[0], COMMANDS), ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="booking")
def booking() -> None:
    """Run a ticket sale with real processes: does it oversell, why, what does the cure cost?"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; every error that a user can cause is one line on standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    watch, answer = SignalWatch(), Answer(as_json=wants_json(words))
    code = 0
    try:
        try:
            watch.begin()
            code = _run(words, answer, watch)
        finally:
            watch.quiet()
            settle_all()
    except KeyboardInterrupt as stopped:  # by a signal: the first one, no other raises
        watch.first = stopped.number if isinstance(stopped, Stopped) else signal.SIGINT
    settle_all()
    told = watch.first
    code = answer.end(code, told)
    watch.close()
    return code if watch.first == told else answer.end(code, watch.first)


def _run(words: list[str], answer: Answer, watch: SignalWatch) -> int:
    """Run a command; return its exit code, or that of the error that was reported."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without a character shows another
    try:
        code = _command(words)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())  # noqa: T201
        code = ExitCode.USAGE
    except SystemExit as error:
        code = ExitCode.USAGE
        answer.report(f"code of yours called sys.exit({error.code}); have it return instead", code)
    except Exception as error:
        watch.raise_again()  # the error may follow from a signal: Python wraps some exceptions
        if isinstance(error, BrokenPipeError) and output_is_broken():
            raise Stopped(signal.SIGPIPE) from None
        message, code = explained(error)
        answer.report(message, code)
    return int(code or 0)


def _command(words: list[str]) -> int:
    """Run a command as click does, which has a broken pipe and a Ctrl-C end with 1."""
    if COMPLETION in os.environ:
        from booking.cli.completion import complete

        return complete(booking, words, COMPLETION)
    try:
        with booking.make_context("booking", words) as context:
            return int(booking.invoke(context) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
