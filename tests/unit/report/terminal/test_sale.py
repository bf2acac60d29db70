"""What people read: golden files of a sale that went wrong, one that went well, one that hung."""

from __future__ import annotations

import pytest

from booking.core.command_line import replay_command
from booking.core.protocols import Reply
from booking.core.scenario import Expect
from booking.history.model import Event
from booking.report.terminal.console import console
from booking.report.terminal.live import OperationLines, show_event
from booking.report.terminal.sale import show_pair, show_sale
from booking.report.terminal.store import answer_of
from tests.support.golden import golden
from tests.support.sales import HUNG, MANY_WRONG, MS, OVERSOLD, SOUND, UNKNOWN, bought
from tests.support.screens import WIDTHS, screen

Capture = pytest.CaptureFixture[str]
SALES = {
    "oversold": OVERSOLD, "sound": SOUND, "hung": HUNG, "unknown": UNKNOWN, "many": MANY_WRONG,
}  # fmt: skip


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", SALES)
def test_a_sale_reads_well(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, name: str, columns: int
) -> None:
    """Verdict, numbers, why, cure, and the command that repeats it."""
    monkeypatch.setenv("COLUMNS", str(columns))
    console.cache_clear()
    show_sale(SALES[name], replay_command, Expect(sold=2))
    console.cache_clear()
    golden(screen(f"sale-{name}", columns), capsys.readouterr().out)


@pytest.mark.parametrize("columns", WIDTHS)
def test_two_sales_together_read_well(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """What the demonstration shows by them stands below."""
    monkeypatch.setenv("COLUMNS", str(columns))
    console.cache_clear()
    show_pair(OVERSOLD, SOUND, shown=True)
    show_pair(OVERSOLD, UNKNOWN, shown=False)
    console.cache_clear()
    golden(screen("demo", columns), capsys.readouterr().out)


def test_a_ticket_that_is_sold_again_is_marked(capsys: Capture) -> None:
    """Each time, with the first buyer; orders of several tickets name the ticket."""
    lines = OperationLines(numbered=True)
    console.cache_clear()
    lines.opened(0)
    lines.progress("sell", 0, 3, [bought(0, 3, 1), bought(1, 2, 2)])
    several = Event(0, 2, "ok", "buy", 2, 3 * MS, quantity=2)
    lines.progress("sell", 3, 3, [several, Event(0, 3, "fail", "buy", None, 4 * MS)])
    console.cache_clear()
    assert [line[23:] for line in capsys.readouterr().out.splitlines()] == [
        "buys          ticket 3",
        "buys          ticket 2",
        "buys          tickets 1 to 2  ✗ 2 sold to buyer 1 before",
        "gets nothing  fail",
    ]


def test_where_numbers_name_no_tickets_none_is_marked(capsys: Capture) -> None:
    """One counter of several gives the same number as another one."""
    lines = OperationLines(numbered=False)
    console.cache_clear()
    lines.opened(0)
    lines.progress("sell", 2, 2, [bought(0, 3, 1), bought(1, 3, 2)])
    console.cache_clear()
    assert "✗" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "error, said",
    [
        ("sold-out", "sold out"),
        ("lock-timeout", "lock timeout"),
        ("torn-read: data-1.json is cut", "torn read: data-1.json is cut"),
        ("unavailable: my-host.example-1.org", "unavailable: my-host.example-1.org"),
        ("my-own-error", "my-own-error"),
    ],
)
def test_only_names_of_ours_are_spelt_in_words(capsys: Capture, error: str, said: str) -> None:
    """A host's name, a path and a store's own name keep their hyphens: they lost them before."""
    console.cache_clear()
    show_event(Event(0, 1, "fail", "buy", None, 0, error=error), 1.5)
    console.cache_clear()
    assert capsys.readouterr().out.endswith(f"gets nothing  {said}\n")
    assert answer_of("anna", 1, Reply("fail", error=error)) == f"anna got nothing: {said}"


def test_markup_in_names_is_text(capsys: Capture) -> None:
    """An error's brackets are no colour."""
    event = Event(0, 1, "info", "buy", None, 0, error="ValueError: [red]x[/]")
    console.cache_clear()
    show_event(event, 1.5)
    console.cache_clear()
    assert "[red]x[/]" in capsys.readouterr().out
