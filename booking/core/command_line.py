"""The command line of a sale: the words that run it again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from booking.core.redaction import redacted
from booking.core.scenario import Flag, Scenario, flags


def replay_command(
    scenario: Scenario, source: Path | None = None, base: Scenario | None = None
) -> str:
    """Return the command that runs a sale again: what differs from its file, or from defaults."""
    words = ["booking", "simulate"]
    if source is not None:
        words.append(str(source))
    usual = (base or Scenario()).model_dump(mode="json")
    usual["store"] = redacted(usual["store"])
    given = scenario.but(store=redacted(scenario.store)).model_dump(mode="json")
    for name, (flag, _) in flags().items():
        if given[name] != usual[name]:
            words += _words(name, flag, given[name])
    return shlex.join(words)


def _words(name: str, flag: Flag, value: Any) -> list[str]:
    word = name.replace("_", "-")
    if value is None or (name, value) == ("guard", "lock"):  # --lock says that already
        return []
    if flag.joined:
        return [f"--{word}={value}"]
    if flag.metavar is None:
        return [f"--{word}" if value else f"--no-{word}"]
    return [f"--{word}", str(value)]
