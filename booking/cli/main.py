"""The command group: names and one line each; a command is imported when it is called."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from booking import __version__
from booking.errors import BookingError, ExitCode, Interrupted

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
    "search": ("booking.cli.store:search", "Look how many tickets a store has left."),
    "buy": ("booking.cli.store:buy", "Buy from a store, as one buyer."),
    "reset": ("booking.cli.store:reset", "Put tickets into a store."),
    "list": (
        "booking.cli.catalogue:listing",
        "Stores, locks, guards and fleets, with their facts.",
    ),
    "schema": ("booking.cli.schema:schema", "JSON Schema of a scenario, for editors."),
}

BROKEN_PIPE = 128 + signal.SIGPIPE  # as a shell says it of any program

EPILOG = """\b
First steps:
  booking simulate --buyers 10 --tickets 3          ten buyers, no lock: it oversells
  booking simulate --buyers 10 --tickets 3 --lock   the same with a lock: it does not

\b
Exit codes: 0 as expected, 1 an anomaly or not what was expected, 2 wrong usage
or input, 3 unknown, 4 a threshold was missed, 70 a defect of booking itself.
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
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names with a line each, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; click would answer a Ctrl-C with a line of its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; every buyer was ended") from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; suggest the closest name for an unknown one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from booking.core.registry import unknown

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
    # SIGTERM ends the buyers and reports it, exactly as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without a character shows another
    try:
        code = booking.main(arguments, prog_name="booking", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())  # noqa: T201
        code = ExitCode.USAGE
    except BrokenPipeError:
        _drop_output()  # the reader closed its end
        code = BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:
        from booking.core.printable import printable
        from booking.core.redaction import redacted

        message, code = _explained(error)
        line = redacted(" ".join(f"booking: {message}".split()))  # a driver may have written it
        print(printable(line), file=sys.stderr)  # noqa: T201
    return int(code or 0)


def _drop_output() -> None:
    """Discard pending output: Python would report the broken pipe once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explained(error: BaseException) -> tuple[str, int]:
    """Return one line that says what happened, and the exit code."""
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return "interrupted", Interrupted.exit_code
    if isinstance(error, click.ClickException):
        return _with_help(error), ExitCode.USAGE
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EIO}:
        _drop_output()
        return f"the answer could not be written: {(error.strerror or '').lower()}", ExitCode.USAGE
    if isinstance(error, BookingError):
        return str(error), error.exit_code
    if os.environ.get("BOOKING_DEBUG"):
        raise error
    what = f"{type(error).__name__}: {error}"
    return f"defect of booking: {what}; BOOKING_DEBUG=1 shows where", ExitCode.DEFECT


def _with_help(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "booking"
    return f"{message.rstrip('.')}; see: {path} --help"
