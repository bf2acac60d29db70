"""Scenarios: flags over file over defaults, and errors that say where and what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking.core.command_line import replay_command
from booking.core.scenario import Scenario, from_file, from_flags, schema
from booking.errors import UsageError


def scenario_file(folder: Path, text: str) -> Path:
    path = folder / "sale.toml"
    path.write_text(text)
    return path


def problem(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        from_file(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "text, said",
    [
        ('title = "x"\nbuyers = "ten"\n', ["sale.toml:2", "buyers", "integer", "'ten'"]),
        ("tickets = -1\n", ["sale.toml:1", "tickets", "greater than or equal to 0"]),
        ("buyer = 3\n", ["sale.toml:1", 'unknown key "buyer"', "did you mean buyers?", "seed"]),
        ('delay = "10"\n', ["sale.toml:1", "delay", "us, ms, s or m"]),
        ("delay = 10\n", ["sale.toml:1", "delay", "no unit", "10ms"]),
        ('start_method = "thread"\n', ["start_method", "fork, spawn"]),
        ('arrival = "poisson:0"\n', ["arrival", "together, serial or poisson:RATE"]),
        ('[expect]\nverdict = "fine"\n', ["sale.toml:2", "expect.verdict", "'valid', 'unknown'"]),
        ('[expect]\nanomalies = ["overselling"]\n', ["sale.toml:2", "'oversell'"]),
        ('[[faults]]\nkind = "explode"\nbefore = "read"\n', ["sale.toml:2", "'kill'"]),
        ('[[faults]]\nkind = "kill"\n', ["faults", "before", "required"]),
        ("durable = 1\n", ["durable", "boolean"]),
        ("buyers = \n", ["sale.toml", "not TOML", "line 1"]),
        ("[expect\n", ["not TOML"]),
    ],
)
def test_errors_name_file_line_key_and_what_is_allowed(
    tmp_path: Path, text: str, said: list[str]
) -> None:
    """The author of the file finds the place without a search."""
    message = problem(scenario_file(tmp_path, text))
    for words in said:
        assert words in message


def test_a_missing_file_and_a_folder_are_one_line(tmp_path: Path) -> None:
    """As is every other thing that cannot be read."""
    assert "no such file" in problem(tmp_path / "none.toml")
    assert "directory" in problem(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    assert "not UTF-8" in problem(tmp_path / "latin.toml")


def test_a_lock_alone_means_guard_lock() -> None:
    """And guard lock alone means the default lock."""
    assert from_flags({"lock": "mutex"}).guard == "lock"
    assert from_flags({"guard": "lock"}).lock == "flock"
    assert (from_flags({}).guard, from_flags({}).lock) == ("none", None)


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    """What neither says is as usual."""
    base = from_file(scenario_file(tmp_path, 'buyers = 7\ntickets = 2\nlock = "mutex"\n'))
    both = from_flags({"tickets": 5}, base)
    assert (both.buyers, both.tickets, both.lock, both.quantity) == (7, 5, "mutex", 1)
    assert from_flags({"guard": "none"}, base).lock is None
    assert from_flags({"lock": "soft"}, base).lock == "soft"
    unlocked = from_file(scenario_file(tmp_path, 'guard = "none"\n'))
    assert from_flags({"lock": "soft"}, unlocked).guard == "lock"


def test_flag_errors_name_the_flag() -> None:
    """With the word that was typed."""
    with pytest.raises(UsageError, match="--start-method: this system has only"):
        from_flags({"start_method": "thread"})
    with pytest.raises(UsageError, match="--delay: '10' is no duration"):
        from_flags({"delay": "10"})


def test_the_schema_names_every_key() -> None:
    """An editor can complete all of them."""
    document = schema()
    assert set(document["properties"]) == set(Scenario.model_fields)
    json.dumps(document)


def test_the_replay_command_says_what_is_not_usual(tmp_path: Path) -> None:
    """And nothing else, so that a person can read it."""
    wanted = from_flags({"lock": "soft", "delay": "0ms..2ms", "seed": 4, "control": False})
    command = replay_command(wanted)
    assert command == "booking simulate --lock=soft --delay 0s..2ms --seed 4 --no-control"
    path = scenario_file(tmp_path, "buyers = 4\n")
    base = from_file(path)
    again = replay_command(from_flags({"seed": 9}, base), path, base)
    assert again == f"booking simulate {path} --seed 9"


keys = st.sampled_from([*Scenario.model_fields, "expect.verdict", "faults", "x", "a.b"])
values = st.one_of(
    st.text(max_size=8).map(json.dumps), st.integers().map(str), st.floats().map(str),
    st.sampled_from(["true", "[]", "{}", "[[1]]", '"10ms"', "1979-05-27", '[{kind="kill"}]', ""]),
)  # fmt: skip
toml_like = st.lists(st.tuples(keys, values), max_size=6).map(
    lambda pairs: "\n".join(f"{key} = {value}" for key, value in pairs).encode(errors="replace")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | toml_like)
def test_any_bytes_give_a_scenario_or_one_error(tmp_path: Path, data: bytes) -> None:
    """Never a traceback, never a changed file."""
    path = tmp_path / "any.toml"
    path.write_bytes(data)
    try:
        from_file(path)
    except UsageError as error:
        assert "\n" not in str(error)
        assert str(path) in str(error)
    assert path.read_bytes() == data


def test_an_unknown_behaviour_is_refused_with_its_line(tmp_path: Path) -> None:
    """The refusal lists the registered ones, and says how to name a user's own."""
    path = tmp_path / "sale.toml"
    path.write_text('buyers = 2\nbehaviour = "buy-twice"\n')
    with pytest.raises(UsageError) as error:
        from_file(path)
    assert str(error.value).startswith(f'{path}:2: behaviour: unknown behaviour "buy-twice"; ')
    assert "did you mean buy-once?" in str(error.value)
    assert str(error.value).endswith("or write module:name")


@pytest.mark.parametrize("line", ["k{}.a.b = 1", "[k{}]", "[[faults]]\nkin{} = 1"])
def test_of_thousands_of_problems_the_first_are_shown(tmp_path: Path, line: str) -> None:
    """To find the line of each took minutes."""
    path = tmp_path / "sale.toml"
    path.write_text("\n".join(line.format(number) for number in range(9_000)))
    with pytest.raises(UsageError, match=r"; and \d+ more problems$") as refused:
        from_file(path)
    assert str(refused.value).count("; sale.toml") < 10
    assert len(str(refused.value)) < 5_000
