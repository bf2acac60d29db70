"""Type a line and a tab into a real shell, on a terminal of its own; see what the program gets."""

from __future__ import annotations

import os
import pty
import select
import shlex
import sys
from pathlib import Path

from tests.conftest import ROOT

START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SET_UP = {
    "bash": 'eval "$(_BOOKING_COMPLETE=bash_source booking)"',
    "zsh": 'autoload -U compinit; compinit -u -D; eval "$(_BOOKING_COMPLETE=zsh_source booking)"',
    "fish": "env _BOOKING_COMPLETE=fish_source booking | source",
}
PROGRAM = """#!/bin/sh
if [ -n "$_BOOKING_COMPLETE" ]; then exec {python} -m booking; fi
for word in "$@"; do printf '%s\\n' "$word"; done > {told}
"""
LIMIT_S = 60.0


def completed(shell: str, line: str, folder: Path) -> list[str]:
    """Return the arguments of `booking` after a tab at the end of the line."""
    told, programs = folder.parent / "told", folder.parent / "programs"
    programs.mkdir(exist_ok=True)
    told.unlink(missing_ok=True)
    program = programs / "booking"
    program.write_text(PROGRAM.format(python=shlex.quote(sys.executable), told=told))
    program.chmod(0o755)
    environment = {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT),
        "HOME": str(folder.parent), "TERM": "dumb", "LANG": "C.UTF-8",
    }  # fmt: skip
    typed = f"{SET_UP[shell]}\n{line}\t\nexit\n"
    shown = _run(START[shell], typed, folder, environment)
    assert told.exists(), shown
    return told.read_text().splitlines()


def _run(command: list[str], typed: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a command on a new terminal, type into it, and return what it shows until it ends."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, environment)
    shown = b""
    try:
        os.write(fd, typed.encode())
        while select.select([fd], [], [], LIMIT_S)[0]:
            part = os.read(fd, 1 << 16)
            if not part:
                break
            shown += part
        else:
            os.kill(pid, 9)
    except OSError:
        pass  # so ends a terminal whose last process has ended
    finally:
        os.close(fd)
        os.waitpid(pid, 0)
    return shown.decode(errors="replace")
