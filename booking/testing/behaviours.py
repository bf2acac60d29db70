"""Explore a purchase function in a test."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from booking.experiments import behaviour as experiment
from booking.experiments.behaviour import BUYERS, BehaviourProof, BehaviourSpec, Server
from booking.explorer.behaviours.search import Method
from booking.explorer.model import SECONDS_MAX


def explore_behaviour(
    behaviour: str,
    *,
    setup: str,
    check: str,
    invariant: str | None = None,
    init: str | None = None,
    buyers: int = BUYERS,
    fresh: bool = False,
    method: Method = "reduced",
    first: bool = False,
    seconds_max: float = SECONDS_MAX,
    server: Server | Sequence[Server] = (),
    may_reset: Sequence[str] = (),
) -> BehaviourProof:
    """Explore every order of the statements of a purchase function, in a fresh interpreter.

    Functions are named as `package.module:name`, because they are imported there: `setup` fills
    the inventory, `check` returns how many tickets are left. The result has `assert_valid()`.
    `server` starts a private one for them, or several. `setup` deletes rows and keys, so it reaches
    no other server of PostgreSQL or Redis than that, and databases named in `may_reset`.
    Raise `BookingError` where the functions cannot be explored.
    """
    path = [entry for entry in sys.path if entry and Path(entry).exists()]
    spec = BehaviourSpec(
        behaviour=behaviour, setup=setup, check=check, invariant=invariant, init=init,
        buyers=buyers, fresh=fresh, method=method, first=first, seconds_max=seconds_max,
        servers=[server] if isinstance(server, str) else list(server),
        reset=list(may_reset), path=[*path, str(Path.cwd())],
    )  # fmt: skip
    return experiment.explore_behaviour(spec)
