"""A clean process that hunts for the tests: each case in a fork of its own, with a limit.

One JSON object a line on standard input (a variant and a mode), what was seen a line on standard
output. A case that does not end is killed, and all that it started with it.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict

from booking.errors import BookingError
from tests.trust import modes
from tests.trust.catalogue import VARIANTS
from tests.trust.variant import Seen

LIMIT_S = 60.0  # far more than any case takes that ends


def main() -> None:
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        seen = limited(request["variant"], request["mode"])
        print(json.dumps(asdict(seen)), flush=True)


def limited(variant: str, mode: str, limit_s: float = LIMIT_S) -> Seen:
    """Run a case in a fork; it ends by itself, or at the limit."""
    reading, writing = os.pipe()
    start_s = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _become(variant, mode, writing)
    os.close(writing)
    data = _received(reading, start_s + limit_s)
    os.close(reading)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    seconds = time.monotonic() - start_s
    if data is None:
        return Seen("hang", f"not ended after {limit_s:.0f} s", seconds=seconds)
    if not data:
        return Seen("crash", "the process died", seconds=seconds)
    return Seen(**{**json.loads(data), "seconds": round(seconds, 3)})


def _received(reading: int, deadline_s: float) -> bytes | None:
    """Return all that a case wrote until its end; None where it does not end."""
    data = b""
    while True:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0 or not select.select([reading], [], [], left_s)[0]:
            return None
        chunk = os.read(reading, 1 << 16)
        data += chunk
        if not chunk or data.endswith(b"\n"):
            return data


def _become(name: str, mode: str, writing: int) -> None:
    """Run the case, write what was seen, and leave."""
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(quiet, fd)
    try:
        seen = modes.run(VARIANTS[name], mode)
    except BookingError as error:
        seen = Seen("refused", str(error))
    except BaseException as error:
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        seen = Seen("crash", problem[:300])
    os.write(writing, json.dumps(asdict(seen)).encode() + b"\n")
    os._exit(0)


if __name__ == "__main__":
    main()
