"""The program: `python -m booking`, and the console script."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the program; open the null device in place of each standard stream that is closed."""
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: the closed stream's
            setattr(sys, name, os.fdopen(fd, mode))
    from booking.cli.main import main as run

    sys.exit(run())


if __name__ == "__main__":
    main()
