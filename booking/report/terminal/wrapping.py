"""Break lines that are wider than a terminal."""

from __future__ import annotations

import textwrap

COLUMNS = 80


def wrapped(line: str, indent: str) -> str:
    """Return a line broken at 80 columns; the lines behind the first are indented."""
    lines = textwrap.wrap(
        line,
        COLUMNS,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)
