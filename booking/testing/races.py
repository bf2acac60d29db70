"""Race tests: sell with real processes under pressure, or explore every interleaving.

    race(ShopStore, buyers=3, tickets=2, lock="flock").sound()
    race(ShopStore, buyers=3, tickets=2, lock="flock").proved()

Both return a `RaceResult`. They raise `AssertionError` where the sale is unsound, and
`UnknownVerdict` where nothing was shown, unless that is allowed.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar, Unpack

from booking.core.assembly import explored_with_searches
from booking.core.counterexample import Counterexample, CounterexampleBuyer
from booking.core.scenario import Scenario, from_flags
from booking.core.spelling import unknown
from booking.core.verdict import Anomaly, Outcome, Verdict
from booking.errors import BookingError, UsageError
from booking.experiments.exploration import Proof, prove
from booking.explorer.memory import states_that_fit
from booking.explorer.model import SECONDS_MAX, Limits
from booking.report.exploration_document import shortest_first
from booking.testing.outcomes import UnknownVerdict, announce
from booking.testing.pressure import Pressed, under_pressure
from booking.testing.race_call import RaceCall
from booking.testing.race_text import pressure_text, proof_text

Result = TypeVar("Result")
FORKED_WITH_THREADS = r".*use of fork\(\) may lead to deadlocks"
BUYERS, TICKETS, SCHEDULES = 3, 2, 10


class RaceOptions(TypedDict, total=False):
    """What a race test may be told, besides its store."""

    buyers: int
    tickets: int
    quantity: int
    guard: str | type | None
    lock: str | type | None
    search: bool | None
    delay: str | None
    control: bool
    seed: int
    schedules: int
    max_states: int | None
    max_seconds: float
    allow_unknown: bool


@dataclass(frozen=True, slots=True)
class RaceResult:
    """What a race test has shown; `str(result)` is the text of the assertion."""

    verdict: Verdict
    text: str
    seed: int | None = None  # of the sale that decides; None of an exploration
    sales: int = 0  # of real processes that were run
    states: int | None = None  # that an exploration met
    counterexample: Counterexample | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """A sale that is to be tested: run it with `sound()`, explore it with `proved()`."""

    store: str
    call: RaceCall
    buyers: int = BUYERS
    tickets: int = TICKETS
    quantity: int = 1
    guard: str | None = None
    lock: str | None = None
    search: bool | None = None
    delay: str | None = None
    control: bool = True
    seed: int = 0
    schedules: int = SCHEDULES
    max_states: int | None = None
    max_seconds: float = SECONDS_MAX
    allow_unknown: bool = False

    def sound(self) -> RaceResult:
        """Sell with real processes, in chosen orders and then freely; raise unless all is sound.

        The orders follow from the seed, so that a failing test fails again. A guarded sale is
        followed by its control.
        """
        __tracebackhide__ = True
        pressed = _in_a_test(self._sell)
        return self._decided(
            RaceResult(
                pressed.verdict,
                pressure_text(pressed, self.call),
                seed=pressed.seed,
                sales=pressed.sales,
                counterexample=pressed.counterexample,
            )
        )

    def proved(self) -> RaceResult:
        """Explore every interleaving; raise unless all of them are sound."""
        __tracebackhide__ = True
        proof = _in_a_test(self._explore)
        return self._decided(
            RaceResult(
                _verdict(proof),
                proof_text(proof, self.call),
                states=proof.exploration.states,
                counterexample=proof.counterexample,
            )
        )

    def _sell(self) -> Pressed:
        free = self._scenario()
        return under_pressure(free, self._step_by_step(free), self.schedules)

    def _explore(self) -> Proof:
        buyers = [CounterexampleBuyer(f"buyer {n}", self.quantity) for n in range(self.buyers)]
        limits = Limits(states_that_fit(self.max_states), self.max_seconds)
        return prove(self._step_by_step(self._scenario()), buyers, limits)

    def _scenario(self) -> Scenario:
        names = ("store", "buyers", "tickets", "quantity", "guard", "lock", "search", "delay")
        given = {name: getattr(self, name) for name in names}
        given = {name: value for name, value in given.items() if value is not None}
        return from_flags({**given, "seed": self.seed, "control": self.control})

    def _step_by_step(self, scenario: Scenario) -> Scenario:
        """Return the scenario for chosen orders, in which a search matters only to torn reads."""
        return (
            scenario
            if self.search is not None
            else scenario.but(search=explored_with_searches(scenario))
        )

    def _decided(self, result: RaceResult) -> RaceResult:
        """Return a result that passes; raise one that does not."""
        __tracebackhide__ = True
        announce(result)
        outcome = result.verdict.outcome
        if outcome is Outcome.INVALID:
            raise AssertionError(result.text)
        if outcome is Outcome.UNKNOWN and not self.allow_unknown:
            raise UnknownVerdict(result.text)
        return result


def _in_a_test(work: Callable[[], Result]) -> Result:
    """Return what the work returns; of a user's error, hide where our code noticed it.

    Python warns of a fork where there are threads. A worker of xdist has one, of which a buyer
    needs nothing.
    """
    __tracebackhide__ = True
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", FORKED_WITH_THREADS, DeprecationWarning)
            return work()
    except BookingError as error:
        raise error.with_traceback(None) from None


def race(store: str | type, **options: Unpack[RaceOptions]) -> Race:
    """Return a race of buyers for the tickets of a store: a name, a `module:Class`, or a class."""
    __tracebackhide__ = True
    given: dict[str, Any] = dict(options)
    known = [*RaceOptions.__annotations__]
    for name in given:
        if name not in known:
            raise UsageError(unknown("option of a race", name, known))
    for name, lowest in (("seed", 0), ("schedules", 0), ("max_states", 1)):
        value = given.get(name)
        if value is not None and (type(value) is not int or value < lowest):
            raise UsageError(f"{name}={value!r}: give a whole number from {lowest}")
    if not isinstance(given.get("max_seconds", 0), (int, float)):
        raise UsageError(f"max_seconds={given['max_seconds']!r}: give a number of seconds")
    call = RaceCall(store, {"buyers": BUYERS, "tickets": TICKETS} | given)
    for name in ("guard", "lock"):
        if given.get(name) is not None:
            given[name] = importable(name, given[name])
    return Race(store=importable("store", store), call=call, **given)


def assert_proved(store: str | type, **options: Unpack[RaceOptions]) -> RaceResult:
    """Explore every interleaving; raise `AssertionError` with the steps unless all are sound."""
    __tracebackhide__ = True
    return race(store, **options).proved()


def importable(kind: str, variant: str | type) -> str:
    """Return the name by which buyers in other processes find a variant."""
    __tracebackhide__ = True
    if isinstance(variant, str):
        return variant
    if not isinstance(variant, type):
        raise UsageError(
            f"{kind}={variant!r}: give a name, or a class, of which each buyer has one"
        )
    name = f"{variant.__module__}:{variant.__qualname__}"
    if getattr(sys.modules.get(variant.__module__), variant.__qualname__, None) is not variant:
        raise UsageError(
            f"{kind} {name}: no buyer can import it; define it at the top level of its module"
        )
    return name


def _verdict(proof: Proof) -> Verdict:
    """Return an exploration's verdict; anomalies are findings without evidence in a history."""
    found = shortest_first(proof.exploration)
    anomalies = tuple(Anomaly(finding.name, finding.message) for finding in found)
    return Verdict(proof.exploration.outcome, proof.reason, anomalies)
