"""Run the user's functions in an interpreter of their own: both ends of the line to it.

Their modules are imported there, and not in the process that asks. Standard input carries the
request, standard output messages: how far the work is, and at last the result or an error. What
the user's code prints goes to standard error.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from booking.errors import BookingError, ExitCode

T = TypeVar("T")
Progress = Callable[[int, int], None]


class HostMessage(msgspec.Struct, omit_defaults=True):
    """A line of the host: two numbers that grow, its result, or an error."""

    kind: Literal["progress", "result", "error"]
    done: int = 0
    more: int = 0
    result: msgspec.Raw = msgspec.Raw(b"null")
    code: int = 0
    text: str = ""


class HostError(BookingError):
    """The user's functions cannot be used; the code is the host's."""


_decode = msgspec.json.Decoder(HostMessage).decode
_encode = msgspec.json.Encoder().encode


def import_path() -> list[str]:
    """Return where this interpreter imports from, and the current folder."""
    return [entry for entry in sys.path if entry and Path(entry).exists()] + [str(Path.cwd())]


def ask(
    module: str,
    request: msgspec.Struct,
    result_type: type[T],
    path: Sequence[str],
    progress: Progress = lambda _done, _more: None,
) -> T:
    """Have a module answer a request in a fresh interpreter, and return its answer.

    Raise `BookingError` where it has none.
    """
    with subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
    ) as host:  # fmt: skip
        assert host.stdin is not None
        assert host.stdout is not None
        try:
            host.stdin.write(_encode(request))
            host.stdin.close()
            for line in host.stdout:
                message = _decode(line)
                if message.kind == "progress":
                    progress(message.done, message.more)
                elif message.kind == "error":
                    raise _error(message)
                else:
                    return msgspec.json.decode(message.result, type=result_type)
        except BaseException:
            host.terminate()
            raise
    raise HostError(f"the process of the functions ended with code {host.returncode}")


def _error(message: HostMessage) -> BookingError:
    error = HostError(message.text)
    error.exit_code = ExitCode(message.code)
    return error


def serve(request_type: type[T], answer: Callable[[T, Progress], Any]) -> None:
    """Answer the request of standard input, in the fresh interpreter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked ends this one
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def send(message: HostMessage) -> None:
        out.write(_encode(message) + b"\n")

    def progress(done: int, more: int) -> None:
        try:
            send(HostMessage("progress", done, more))
        except BrokenPipeError:  # the process that asked has ended
            raise SystemExit(1) from None

    request = msgspec.json.decode(sys.stdin.buffer.read(), type=request_type)
    try:
        result = answer(request, progress)
        send(HostMessage("result", result=msgspec.Raw(_encode(result))))
    except BookingError as error:
        send(HostMessage("error", code=int(error.exit_code), text=_line(error)))
    except Exception as error:
        if os.environ.get("BOOKING_DEBUG"):
            raise
        text = f"{type(error).__name__}: {_line(error)}"
        told = f"defect of booking: {text}; BOOKING_DEBUG=1 shows where"
        send(HostMessage("error", code=int(ExitCode.DEFECT), text=told))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
