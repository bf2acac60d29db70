"""Explore a purchase function in a test."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from booking.core.verdict import Outcome
from booking.experiments.behaviours import exploration as experiment
from booking.experiments.behaviours.django_databases import databases_in_use
from booking.experiments.behaviours.exploration import BUYERS, BehaviourProof, BehaviourSpec, Server
from booking.explorer.behaviours.exploration import Method
from booking.explorer.model import SECONDS_MAX
from booking.instrument.postgres.waits import DEADLOCK_LOOK_S
from booking.report.cures.case import Named
from booking.report.cures.table import cures_of
from booking.servers.lent_postgres import lend_postgres, lent_postgres
from booking.testing.behaviour_text import behaviour_text
from booking.testing.outcomes import UnknownVerdict


def private_postgres() -> str:
    """Return the URL of a private PostgreSQL for this process and those that it starts.

    It is started at the first call, which sets `DATABASE_URL` and the variables of libpq. Call it
    in the settings of your tests: an exploration then decides what waits inside the server.
    """
    if lent_postgres() is None:
        lend_postgres(DEADLOCK_LOOK_S)
    return os.environ["DATABASE_URL"]


class ExploredBehaviour(BehaviourProof, frozen=True, kw_only=True):
    """The result of `explore_behaviour`; `str(result)` is the text of the assertion."""

    spec: BehaviourSpec

    @property
    def cures(self) -> list[Named]:
        """What would cure the counterexample: name, why, statement; the best first."""
        return cures_of(self)

    def __str__(self) -> str:
        return behaviour_text(self, self.spec)

    def assert_valid(self) -> None:
        """Raise `AssertionError` with the counterexample, or with why nothing is proved."""
        __tracebackhide__ = True
        if self.verdict is Outcome.UNKNOWN:
            raise UnknownVerdict(str(self))
        if self.verdict is Outcome.INVALID:
            raise AssertionError(str(self))


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
) -> ExploredBehaviour:
    """Explore every order of the statements of a purchase function, in a fresh interpreter.

    Functions are named as `package.module:name`, because they are imported there: `setup` fills
    the inventory, `check` returns how many tickets are left. The result has `assert_valid()`.
    `server` starts a private one for them, or several. `setup` deletes rows and keys, so it reaches
    no other server of PostgreSQL or Redis than that, and databases named in `may_reset`. In a test
    of Django's, `setup` reaches the test databases, and no others of the settings.
    Raise `BookingError` where the functions cannot be explored.
    """
    path = [entry for entry in sys.path if entry and Path(entry).exists()]
    spec = BehaviourSpec(
        behaviour=behaviour, setup=setup, check=check, invariant=invariant, init=init,
        buyers=buyers, fresh=fresh, method=method, first=first, seconds_max=seconds_max,
        servers=[server] if isinstance(server, str) else list(server),
        reset=list(may_reset), django=None if server else databases_in_use(),
        path=[*path, str(Path.cwd())],
    )  # fmt: skip
    proof = experiment.explore_behaviour(spec)
    return ExploredBehaviour(spec=spec, **msgspec.structs.asdict(proof))
