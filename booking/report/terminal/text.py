"""Print lines of text, without control characters that came from elsewhere."""

from __future__ import annotations

from typing import Any

import click

from booking.core.printable import printable_lines


def echo(text: str = "", part: str = "", *, err: bool = False, **style: Any) -> None:
    """Print a text; its first `part` is styled, where the output is a terminal."""
    text = printable_lines(text)
    if part and style:
        part = printable_lines(part)
        text = text.replace(part, click.style(part, **style), 1)
    click.echo(text, err=err)
