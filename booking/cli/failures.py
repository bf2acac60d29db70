"""How a command fails: one line on standard error, and with `--json` one document, too."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

import click

from booking.core.spelling import did_you_mean
from booking.errors import BookingError, ExitCode
from booking.system.advice import of_the_system
from booking.system.signals import SHELL, WORDS

VERSION = 1  # of the document


def wants_json(words: Sequence[str]) -> bool:
    """Return whether `--json` is among the options, although they may be wrong otherwise."""
    words = list(words)
    return "--json" in words[: words.index("--") if "--" in words else None]


class Answer:
    """What a command tells of its failure: at most one line, and one document."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._broken = False  # whether the reader of an output is gone
        _forget_documents()

    def report(self, message: str, code: int) -> None:
        """Print the line of an error, and its document where one was asked for."""
        from booking.core.printable import printable
        from booking.core.redaction import redacted  # a driver may have written the message

        message = printable(redacted(" ".join(message.split())))
        self._print(f"{_lines(f'booking: {message}')}\n", sys.stderr)
        if self._as_json and not _document_is_printed():
            error = {"code": int(code), "message": message}
            self._print(json.dumps({"version": VERSION, "error": error}, indent=2), sys.stdout)
            self._print("\n", sys.stdout)

    def end(self, code: int, number: int | None) -> int:
        """Return the exit code; report the signal that ended the command, if one did."""
        if number is not None:
            code = SHELL + number
            if signal.Signals(number).name != "SIGPIPE":
                self.report(f"{WORDS[signal.Signals(number)]}; every buyer was ended", code)
        for stream in (sys.stdout, sys.stderr):
            self._print("", stream)
        return ExitCode.BROKEN_PIPE if self._broken and number is None else code

    def _print(self, text: str, stream: TextIO) -> None:
        """Print and flush; discard what cannot be printed, or Python would report it at exit."""
        try:
            stream.write(text)
            stream.flush()
        except (OSError, ValueError) as error:
            self._broken = self._broken or isinstance(error, BrokenPipeError)
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _lines(message: str) -> str:
    """Return a line as it is; broken between words where it is wider than a terminal."""
    from booking.report.terminal.wrapping import columns_of, prose_columns, wrapped

    if not (sys.stderr and sys.stderr.isatty()):
        return message
    return "\n".join(wrapped(message, prose_columns(columns_of(sys.stderr)), "", "  "))


def explained(error: Exception) -> tuple[str, int]:
    """Return what happened, for one line, and the exit code."""
    if isinstance(error, click.Abort):
        return "there is no more input", ExitCode.USAGE
    if isinstance(error, click.ClickException):
        return _with_help(error), ExitCode.USAGE
    if isinstance(error, BookingError):
        return str(error), error.exit_code
    if os.environ.get("BOOKING_DEBUG"):
        raise error
    if (problem := of_the_system(error)) is not None:
        return problem, ExitCode.USAGE
    what = f"{type(error).__name__}: {error}"
    return f"defect of booking: {what}; BOOKING_DEBUG=1 shows where", ExitCode.DEFECT


def output_is_broken() -> bool:
    """Return whether the reader of standard output, or of standard error, is gone."""
    if not hasattr(select, "poll"):
        return True  # on Windows no other pipe is written to
    poll = select.poll()
    for fd in (1, 2):
        poll.register(fd, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _with_help(error: click.ClickException) -> str:
    message = " ".join(_problem(error).split())
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "booking"
    return f"{message.rstrip('.')}; see: {path} --help"


def _problem(error: click.ClickException) -> str:
    """Return click's message; for an unknown option, with the nearest one."""
    if not isinstance(error, click.NoSuchOption) or error.ctx is None:
        return error.format_message()
    known = [each for one in error.ctx.command.params for each in one.opts + one.secondary_opts]
    meant = did_you_mean(error.option_name, known).strip()
    return f"No such option {error.option_name}{'; ' if meant else ''}{meant}"


def _forget_documents() -> None:
    documents = sys.modules.get("booking.report.documents")
    if documents is not None:
        vars(documents)["printed"] = False


def _document_is_printed() -> bool:
    documents = sys.modules.get("booking.report.documents")
    return documents is not None and bool(vars(documents)["printed"])
