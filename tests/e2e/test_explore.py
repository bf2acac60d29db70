"""`booking explore` and `booking replay` from the outside."""

from __future__ import annotations

import json

import pytest

from booking.cli.main import main

FIELDS = {
    "verdict", "complete", "executions", "states", "interleavings", "violating", "anomalies",
    "witness", "witness_steps", "elapsed_s",
}  # fmt: skip


def _document(capsys, *words):
    code = main([*words, "--json"])
    captured = capsys.readouterr()
    assert captured.err == ""
    return code, json.loads(captured.out)


def test_the_tutorials_sale_is_invalid_with_the_exact_numbers(capsys):
    """Exit code 1, four steps, all numbers; every field that scripts rely on is there."""
    code, found = _document(capsys, "explore", "--buyers", "4", "--tickets", "3")
    assert code == 1
    assert found.keys() >= FIELDS
    assert (found["verdict"], found["complete"]) == ("invalid", True)
    assert (found["interleavings"], found["violating"], found["states"]) == (2520, 2496, 47)
    assert found["witness_steps"] == len(found["witness"]["steps"]) == 4
    assert found["anomalies"][0]["name"] == "double-sold"


def test_with_a_lock_it_is_proved(capsys):
    """Exit code 0, complete, no witness."""
    code, found = _document(capsys, "explore", "--buyers", "10", "--tickets", "3", "--lock")
    assert code == 0
    assert (found["verdict"], found["complete"], found["witness"]) == ("valid", True, None)
    assert (found["interleavings"], found["violating"]) == (3_628_800, 0)


def test_a_store_whose_read_can_tear_is_explored_with_searches(capsys):
    """As it is simulated; without them the result says what was left out."""
    words = ("explore", "--store", "json-inplace", "--lock", "--buyers", "2", "--tickets", "1")
    code, found = _document(capsys, *words)
    assert (code, [one["name"] for one in found["anomalies"]]) == (1, ["torn-read"])
    assert not any("searches" in caveat for caveat in found["caveats"])
    assert "search" not in found["replay"]
    code, found = _document(capsys, *words, "--no-search")
    assert (code, found["verdict"]) == (0, "valid")
    assert (
        "no searches, although a read of json-inplace may meet half a write (--search)"
        in (found["caveats"])
    )
    _, found = _document(capsys, *words[:3], "--buyers", "2", "--no-search")
    assert "--no-search" in found["replay"]


def test_a_bound_is_an_unknown(capsys):
    """Exit code 3; the bound is named."""
    code, found = _document(capsys, "explore", "--lock", "--max-states", "5")
    assert code == 3
    assert (found["verdict"], found["bound"], found["interleavings"]) == (
        "unknown", "max-states", None,
    )  # fmt: skip


def test_a_forgotten_step_is_an_unknown(capsys):
    """Exit code 3, and the place of the store's code that did not announce."""
    store = "tests.support.shops:SilentShop"
    code, found = _document(capsys, "explore", "--store", store, "--buyers", "2")
    assert code == 3
    assert "SilentShop.write" in found["doubts"][0]["where"]


def test_for_people_it_shows_the_numbers_the_table_and_the_cure(capsys):
    """Everything that the design asks of a witness is on the screen."""
    from booking.report.terminal.console import console

    console.cache_clear()
    assert main(["explore", "--buyers", "3", "--tickets", "1"]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    for part in (
        "INVALID", "66, of which 60 break the sale; only the 3! = 6 serial orders are sound",
        "read → 1", "← from here on no order is sound", "✗ double-sold", "why", "cure",
        "booking explore --buyers 3 --tickets 1 --lock=flock", "booking replay witness.json",
    ):  # fmt: skip
        assert part in shown
    console.cache_clear()


def test_a_store_that_can_check_and_take_at_once_is_told_to(capsys):
    """Not to take a lock."""
    assert main(["explore", "--buyers", "2", "--tickets", "1", "--store", "sqlite"]) == 1
    shown = "".join(capsys.readouterr().out.split("cure")[1:])
    assert "--guard atomic" in shown
    assert "--lock" not in shown


def test_buyers_who_differ_are_explored_by_classes(capsys):
    """A list of quantities, or names: orders that commute are executed once."""
    _, found = _document(capsys, "explore", "--quantity", "1,2", "--tickets", "3")
    assert (found["method"], found["classes"], found["interleavings"]) == ("reduced", 4, 6)
    _, found = _document(capsys, "explore", "--names", "anna,ben", "--tickets", "1")
    assert found["witness"]["buyers"] == [{"name": "anna"}, {"name": "ben"}]
    assert "anna" in found["witness"]["why"]


def test_witness_then_replay(capsys, tmp_path):
    """`--expect` turns the expected anomaly into exit code 0, so the two commands chain."""
    path = str(tmp_path / "w.json")
    words = ["explore", "--buyers", "3", "--tickets", "1", "--first", "--witness", path]
    assert main([*words, "--expect", "double-sold"]) == 0
    capsys.readouterr()
    code, played = _document(capsys, "replay", path, "--times", "10")
    assert (code, played["same"], played["times"]) == (0, 10, 10)


def test_a_chosen_order_of_real_processes(capsys, tmp_path):
    """`simulate --schedule` names itself in the command that repeats it, and writes a witness."""
    path = tmp_path / "w.json"
    words = ["simulate", "--buyers", "4", "--tickets", "1", "--schedule", "random", "--seed", "1"]
    code, found = _document(capsys, *words, "--witness", str(path))
    assert "--schedule random" in found["replay"]
    assert (code == 1) == path.exists()
    assert main(["simulate", "--witness", str(path)]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["--quantity", "1,x"],
        ["--quantity", "0"],
        ["--buyers", "0"],
        ["--buyers", "3", "--quantity", "1,2"],
        ["--names", "anna,anna"],
        ["--store", "json:data.json"],
        ["--store", "jsn"],
        ["--guard", "lck"],
        ["--max-states", "0"],
        ["--acquire-timeout", "1"],
        ["--expect", "nonsense"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(capsys, words):
    """What is wrong and what to write instead, on standard error."""
    assert main(["explore", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_help_has_an_example(capsys):
    """And every option says what it is for."""
    for command in ("explore", "replay"):
        assert main([command, "--help"]) == 0
        shown = capsys.readouterr().out
        assert f"booking {command}" in shown
        assert "Example" in shown
