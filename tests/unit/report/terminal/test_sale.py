"""What people read: golden files of a sale that went wrong, one that went well, one that hung."""

from __future__ import annotations

import pytest

from booking.core.command_line import replay_command
from booking.core.scenario import Expect
from booking.history.model import Event
from booking.report.terminal import sale as sale_report
from booking.report.terminal.console import console
from tests.support.golden import golden
from tests.support.sales import HUNG, OVERSOLD, SOUND, UNKNOWN

Capture = pytest.CaptureFixture[str]
SALES = {"oversold": OVERSOLD, "sound": SOUND, "hung": HUNG, "unknown": UNKNOWN}


@pytest.mark.parametrize("name", SALES)
def test_a_sale_reads_well(capsys: Capture, name: str) -> None:
    """Verdict, numbers, why, cure, and the command that repeats it."""
    console.cache_clear()
    sale = SALES[name]
    sale_report.show_sale(sale, replay_command(sale.scenario), Expect(sold=2))
    console.cache_clear()
    golden(f"sale-{name}.txt", capsys.readouterr().out)


def test_markup_in_names_is_text(capsys: Capture) -> None:
    """An error's brackets are no colour."""
    event = Event(0, 1, "info", "buy", None, 0, error="ValueError: [red]x[/]")
    console.cache_clear()
    sale_report.show_event(event, 1.5)
    console.cache_clear()
    assert "[red]x[/]" in capsys.readouterr().out
