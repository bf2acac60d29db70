"""The matrix says what runs show, and no more than that."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata

import pytest

from booking.core.registry import default_lock
from booking.core.scenario import Scenario
from booking.core.verdict import AnomalyName, Outcome, Verdict
from booking.errors import InventoryError, UsageError
from booking.experiments import matrix
from booking.experiments.matrix import BOUND_95, BY_CRASH, ROWS, Cell, Column, Evidence, Shown, fill
from booking.experiments.sale import Sale
from booking.report.terminal.matrix import (
    trials_for_all,
)


def test_no_guard_oversells_and_its_witness_is_a_file(columns: dict[str, Column]) -> None:
    """It can be replayed."""
    cell = columns["none"].cell(AnomalyName.OVERSELL)
    assert (cell.shown, cell.how) == (Shown.HAPPENS, "explored")
    assert cell.evidence is not None
    assert cell.evidence.exists()


def test_a_sound_guard_prevents_what_can_be_explored(columns: dict[str, Column]) -> None:
    """And nothing of what crashes and pauses do, however often it was tried."""
    for name in ROWS:
        cell = columns["atomic"].cell(name)
        wanted = Shown.NOT_PROVOKED if name in BY_CRASH else Shown.PREVENTED
        assert cell.shown is wanted, name


def test_compensate_does_not_oversell_and_lies(columns: dict[str, Column]) -> None:
    """Found by the exploration of two sizes."""
    shown = {name: columns["compensate"].cell(name).shown for name in ROWS}
    for name in ("phantom-sold-out", "undersell", "negative-stock"):
        assert shown[AnomalyName(name)] is Shown.HAPPENS, name
    assert shown[AnomalyName.OVERSELL] is Shown.NOT_PROVOKED


def test_zero_in_a_number_of_trials_is_printed_with_its_bound() -> None:
    """At most 3 in N with 95 % confidence, and never more than all."""
    assert Cell(Shown.NOT_PROVOKED, "judged", 60).rate_max == BOUND_95 / 60
    assert Cell(Shown.NOT_PROVOKED, "judged", 2).rate_max == 1
    assert Cell(Shown.PREVENTED, "explored", 60).rate_max is None


def test_what_was_not_explored_to_its_end_is_not_prevented() -> None:
    """Nor what was not found beside something else."""
    assert Column("s", "g", complete=False).cell(AnomalyName.OVERSELL).shown is Shown.NOT_PROVOKED
    found = {AnomalyName.UNDERSELL: Evidence("explored", "")}
    column = Column("s", "g", found=found)
    assert column.cell(AnomalyName.OVERSELL).shown is Shown.NOT_PROVOKED


def test_without_a_judged_sale_nothing_is_prevented() -> None:
    """Nor where real processes broke what the exploration holds for sound."""
    column = Column("s", "g", decided=1)
    assert column.cell(AnomalyName.OVERSELL).shown is Shown.PREVENTED
    assert Column("s", "g").cell(AnomalyName.OVERSELL).shown is Shown.NOT_PROVOKED
    column.found[AnomalyName.TORN_READ] = Evidence("judged", "")
    shown = {column.cell(name).shown for name in ROWS}
    assert shown == {Shown.HAPPENS, Shown.NOT_PROVOKED}


def test_a_guard_that_needs_a_lock_gets_one_and_one_that_fails_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other columns are filled."""
    point = metadata.entry_points

    def entry_points(**how: str) -> list[metadata.EntryPoint]:
        added = [
            metadata.EntryPoint("foreign", "tests.trust.guards:Locked", how["group"]),
            metadata.EntryPoint("fails", "tests.support.planted:RefusesItsKit", how["group"]),
        ]
        return [*point(**how), *(added if how["group"] == "booking.guards" else [])]

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    monkeypatch.setattr(matrix, "EXPLORED", matrix.EXPLORED[:1])
    columns = {column.guard: column for column in fill(["json"], ["fails", "foreign", "none"], 1)}
    assert columns["foreign"].lock == default_lock()
    assert columns["foreign"].cell(AnomalyName.OVERSELL).shown is Shown.PREVENTED
    assert columns["fails"].left_out is not None
    assert "no such room" in columns["fails"].left_out
    assert {columns["fails"].cell(name).shown for name in ROWS} == {Shown.NOT_PROVOKED}
    assert columns["none"].found


def test_a_column_that_fails_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of our own code that is an error, and the exit code says which."""
    real = matrix.run_sale

    def run_sale(scenario: Scenario) -> Sale:
        if scenario.guard == "atomic":
            raise KeyError("seats")
        if scenario.guard == "backstop":
            raise InventoryError("the disk is full")
        return real(scenario)

    monkeypatch.setattr(matrix, "run_sale", run_sale)
    monkeypatch.setattr(matrix, "EXPLORED", ())
    columns = matrix.fill(["sqlite"], ["atomic", "backstop", "row-lock"], 1)
    shown = {column.guard: (column.code, column.left_out) for column in columns}
    assert shown["row-lock"] == (0, None)
    assert shown["backstop"] == (2, "the disk is full")
    assert shown["atomic"][0] == 70
    assert "KeyError: 'seats'" in str(shown["atomic"][1])


def test_an_interruption_leaves_the_columns_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller has them."""
    real = matrix.run_sale

    def run_sale(scenario: Scenario) -> Sale:
        if scenario.guard == "row-lock":
            raise KeyboardInterrupt
        return real(scenario)

    monkeypatch.setattr(matrix, "run_sale", run_sale)
    monkeypatch.setattr(matrix, "EXPLORED", ())
    columns: list[Column] = []
    with pytest.raises(KeyboardInterrupt):
        matrix.fill(["sqlite"], ["atomic", "row-lock"], 1, columns=columns)
    assert [column.guard for column in columns] == ["atomic"]


def test_what_cannot_be_shown_is_refused() -> None:
    """In one line, before anything runs."""
    with pytest.raises(UsageError, match="did you mean atomic"):
        fill(["json"], ["atomik"])
    with pytest.raises(UsageError, match="shared by no processes"):
        fill(["memory"])


def test_a_sale_that_was_not_decided_is_no_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero in twenty of which ten tried nothing would be worth less than it says."""
    undecided = Verdict(Outcome.UNKNOWN, "the planned fault never struck")
    real = matrix.run_sale

    def run(scenario: Scenario) -> Sale:
        sale = real(scenario)
        return replace(sale, verdict=undecided) if scenario.faults else sale

    monkeypatch.setattr(matrix, "run_sale", run)
    (column,) = fill(["sqlite"], ["atomic"], 3)
    assert (column.decided, column.undecided, column.untried) == (1, 2, 0)
    assert column.cell(AnomalyName.STALE_LOCK).rate_max == 1
    (column,) = fill(["sqlite"], ["atomic"], 1)
    assert (column.decided, column.untried) == (1, 2)
    assert trials_for_all([column]) == 3


def test_kills_and_pauses_strike_orders_and_the_clerk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, pauses first; a search is no buyer's order."""
    planned: list[tuple[str, str, str]] = []
    undecided: list[str] = []
    real = matrix.run_sale

    def run(scenario: Scenario) -> Sale:
        planned.extend((one.kind, str(one.buyer), one.before) for one in scenario.faults)
        sale = real(scenario)
        if sale.verdict.outcome is Outcome.UNKNOWN:
            undecided.append(sale.verdict.reason)
        return sale

    monkeypatch.setattr(matrix, "run_sale", run)
    monkeypatch.setattr(matrix, "_explore", lambda *_: None)  # ten times as long as the sales
    (column,) = fill(["sqlite"], ["clerk"], 11)
    assert planned[:2] == [("pause", "clerk", "write"), ("pause", "first", "send")]
    assert set(planned[2:]) == {
        ("kill", "clerk", "read"), ("kill", "clerk", "receive"), ("kill", "clerk", "send"),
        ("kill", "clerk", "write"), ("kill", "clerk", "acquire"), ("kill", "clerk", "release"),
        ("kill", "first", "send"), ("kill", "first", "receive"),
    }  # fmt: skip
    assert column.undecided == len(undecided)
    # A clerk may hold every order when it dies: then none is answered.
    none = ("nothing was at stake", "no operation was answered")
    assert all(reason.startswith(none) for reason in undecided), undecided
