"""The commands that run a sale or an exploration again, word by word."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from booking.core import counterexample
from booking.core.assembly import explored_with_searches
from booking.core.counterexample import CounterexampleBuyer
from booking.core.data_files import Permission, flags_needed, problems
from booking.core.flags import FLAGS, Flag
from booking.core.redaction import redacted
from booking.core.scenario import Scenario, folder_of, variants

REPLAYS = "100"
PLACES = Permission(places=True)  # a replay has an inventory of its own, whatever the file says


def replay_command(
    scenario: Scenario, source: Path | None = None, base: Scenario | None = None
) -> str:
    """Return the command that runs a sale again: what differs from its file, or from defaults."""
    command = ["booking", "simulate"]
    if source is not None:
        command.append(_argument(source))
        fields = base.model_dump() if base else {}
        command += flags_needed(fields, variants(), folder_of(source))
    return shlex.join(command + _changed(scenario, base or Scenario(), FLAGS))


def run_command(
    path: Path, scenario: Scenario | None, stock: int | None = None, options: Sequence[str] = ()
) -> str:
    """Return the command that holds a scenario file against what it expects again, seed included.

    Without a scenario, the file could not be read. Where the sale took an inventory as it was,
    `stock` is what it held: that is put back first. `options` are further words.
    """
    command = ["booking", "run", _argument(path), *options]
    if scenario is None:
        return shlex.join(command)
    command += flags_needed(scenario.model_dump(), variants(), folder_of(path))
    command += [] if scenario.seed is None else ["--seed", str(scenario.seed)]
    if stock is None or redacted(scenario.store) != scenario.store:
        return shlex.join(command)
    reset = ["booking", "reset", "--store", scenario.store, "--tickets", str(stock)]
    return f"{shlex.join(reset)} && {shlex.join(command)}"


def _argument(path: Path) -> str:
    """Return a path as one word that is no option."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def explore_command(
    scenario: Scenario,
    buyers: Sequence[CounterexampleBuyer],
    tickets: int,
    witness: Path | None = None,
    options: Sequence[str] = (),
) -> str:
    """Return the command that explores a sale, and writes its counterexample to a file.

    `options` are further words, which say how to search.
    """
    command = ["booking", "explore", "--buyers", str(len(buyers)), "--tickets", str(tickets)]
    if {buyer.quantity for buyer in buyers} != {1}:
        command += ["--quantity", ",".join(str(buyer.quantity) for buyer in buyers)]
    if any(buyer.name != f"buyer {at}" for at, buyer in enumerate(buyers)):
        command += ["--names", ",".join(buyer.name for buyer in buyers)]
    usual = Scenario(search=explored_with_searches(scenario))
    command += _changed(scenario, usual, {"store", "guard", "lock", "search", "acquire_timeout"})
    command += options
    if witness is not None:
        command += ["--witness", str(witness)]
    return shlex.join(command)


def counterexample_command(scenario: Scenario, path: Path) -> str:
    """Return the command that replays the counterexample of a scenario from its file."""
    command = ["booking", "replay", str(path), "--times", REPLAYS]
    if any(problems(scenario.model_dump(), counterexample.variants(), None, PLACES)):
        command.append("--allow-code")
    return shlex.join(command)


def _changed(scenario: Scenario, usual: Scenario, fields: Collection[str]) -> list[str]:
    """Return the flags of those fields that are not as usual."""
    given, before = (
        entry.but(store=redacted(entry.store)).model_dump(mode="json")
        for entry in (scenario, usual)
    )
    names = {name for name in fields if given[name] != before[name]}
    if "guard" in names and given["guard"] == "lock":
        names = names - {"guard"} | {"lock"}  # `--lock=NAME` sets both
    return [
        word
        for name, flag in FLAGS.items()
        if name in names
        for word in _words(name, flag, given[name])
    ]


def _words(name: str, flag: Flag, value: Any) -> list[str]:
    """Return the words that set a field; none for a value that no flag can give."""
    word = name.replace("_", "-")
    if value is None:
        return []
    if flag.joined:
        return [f"--{word}={value}"]
    if flag.metavar is not None:
        return [f"--{word}", str(value)]
    if value:
        return [f"--{word}"]
    return [f"--no-{word}"] if flag.both_ways else []
