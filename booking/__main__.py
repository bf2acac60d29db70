"""`python -m booking`, and the console script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the program."""
    from booking.cli.main import main as run

    sys.exit(run())


if __name__ == "__main__":
    main()
