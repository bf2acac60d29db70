"""The words of a command line set exactly the fields of a scenario that are not as usual."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from booking.cli.main import booking
from booking.cli.sale_options import given_flags
from booking.core.assembly import TICKETS
from booking.core.command_line import explore_command, replay_command
from booking.core.counterexample import CounterexampleBuyer
from booking.core.durations import Span
from booking.core.flags import FLAGS
from booking.core.scenario import Scenario, from_flags

CHANGED: dict[str, Any] = {
    "store": "memory", "guard": "clerk", "lock": "soft", "buyers": 3, "tickets": 7, "quantity": 2,
    "until_sold_out": True, "buy_for": 0.2, "delay": Span(0.001, 0.002), "arrival": "serial",
    "start_method": "spawn", "behaviour": "shop:buy", "search": False, "daemon": False,
    "close_after": 1.5, "seed": 9, "timeout": 3.0, "acquire_timeout": 0.5, "durable": True,
    "control": False,
}  # fmt: skip


def parsed(command: str) -> dict[str, Any]:
    """Return the fields that a command line sets, as the command itself reads them."""
    program, name, *words = shlex.split(command)
    assert program == "booking"
    found = booking.get_command(click.Context(booking), name)
    assert found is not None
    return given_flags(found.make_context(name, words))


def test_every_flag_is_written_as_it_is_read() -> None:
    """A sale in which every field differs from its default comes back from its own command."""
    assert set(CHANGED) == set(FLAGS)
    scenario = Scenario(**CHANGED)
    assert from_flags(parsed(replay_command(scenario))) == scenario


@pytest.mark.parametrize("lock", ["flock", "soft"])
def test_a_lock_stands_for_the_guard_lock(lock: str) -> None:
    """Also over a file that names the same lock for another guard."""
    scenario = Scenario(guard="lock", lock=lock)
    assert replay_command(scenario) == f"booking simulate --lock={lock}"
    base = Scenario(guard="clerk", lock="flock")
    command = replay_command(scenario, Path("sale.toml"), base)
    assert from_flags(parsed(command), base) == scenario


def test_what_no_flag_can_say_is_left_out() -> None:
    """A switch that only turns on, a field without a flag, and a value that is none."""
    base = Scenario(title="a sale", until_sold_out=True, seed=5)
    assert replay_command(Scenario(), Path("a.toml"), base) == "booking simulate a.toml"


def test_an_exploration_is_written_with_its_own_flags() -> None:
    """Not looking first is what an exploration does unless it is told otherwise."""
    scenario = Scenario(guard="lock", lock="soft", search=True, acquire_timeout=0.25)
    buyers = [CounterexampleBuyer("buyer 0", 2), CounterexampleBuyer("buyer 1")]
    assert explore_command(scenario, buyers, 3, Path("w.json")) == (
        "booking explore --buyers 2 --tickets 3 --quantity 2,1 --lock=soft --search "
        "--acquire-timeout 250ms --witness w.json"
    )
    assert explore_command(Scenario(search=False), buyers[1:], 3, None, ["--first"]) == (
        "booking explore --buyers 1 --tickets 3 --names 'buyer 1' --first"
    )


def test_the_help_names_the_number_of_tickets_that_a_sale_takes() -> None:
    """The model has none, as a named inventory is sold as it is."""
    assert FLAGS["tickets"].help.endswith(f"[default: {TICKETS}]")
