"""Race tests without pytest: what passes, what is raised, and what is said."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import pytest

from booking.core.verdict import Outcome
from booking.errors import UsageError
from booking.testing import UnknownVerdict, assert_proved, race
from booking.testing.races import Race
from tests.support import shops

LOCKED = 'race("json", buyers=3, tickets=2, lock="flock").sound()'


class Silent(shops.Shop):
    """No step is announced."""

    def read(self) -> int:
        return int(self.path.read_text())

    def write(self, remaining: int) -> None:
        fresh = self.path.with_name("shop.tmp")
        fresh.write_text(str(remaining))
        fresh.replace(self.path)


class Warning(shops.Shop):  # noqa: A001 - a user's name
    """It warns as Python does of a fork beside threads, and otherwise as it is told."""

    text = "This process (pid=1) is multi-threaded, use of fork() may lead to deadlocks"

    def reset(self, tickets: int) -> None:
        warnings.warn(self.text, DeprecationWarning, stacklevel=1)
        super().reset(tickets)


class Deprecated(Warning):
    """It warns of something else."""

    text = "another thing"


def test_a_proof_tells_what_it_explored_and_what_it_rests_on() -> None:
    """A pass is a result, too."""
    result = assert_proved(shops.Shop, lock="flock")
    assert (result.verdict.outcome, result.states, result.counterexample) == (
        Outcome.VALID, 12, None,
    )  # fmt: skip
    assert str(result).startswith("✓ VALID  all 6 interleavings sound\n")
    assert "\n  rests on  the bound is " in str(result)


def test_a_failed_proof_shows_the_steps_and_the_test_that_would_pass() -> None:
    """The cure is a line to copy, and it does pass."""
    with pytest.raises(AssertionError, match="✗ INVALID  double-sold: ") as error:
        assert_proved(shops.Shop, buyers=2, tickets=1)
    text = str(error.value)
    assert "← from here on no order is sound" in text
    line = text.splitlines()[-1].strip()
    assert line == 'race(Shop, buyers=2, tickets=1, lock="flock").proved()'
    assert eval(line, {"race": race, "Shop": shops.Shop}).verdict.outcome is Outcome.VALID


@pytest.mark.parametrize(
    "store,options,line",
    [
        ("memory", {}, LOCKED),
        ("json-inplace", {"lock": "flock"}, LOCKED),
        ("sqlite", {}, 'race("sqlite", buyers=3, tickets=2, guard="atomic").sound()'),
    ],
)
def test_a_cure_is_a_test_that_passes(store: str, options: dict[str, Any], line: str) -> None:
    """It keeps what the test had, and changes what was wrong."""
    with pytest.raises(AssertionError) as error:
        race(store, **options).sound()
    assert str(error.value).splitlines()[-1].strip() == line
    assert eval(line, {"race": partial(race, schedules=1)}).verdict.outcome is Outcome.VALID


@pytest.mark.parametrize("seed", [0, 5])
def test_a_race_is_found_in_the_same_steps_each_time(seed: int) -> None:
    """The orders follow from the seed, and the result names the seed of the sale that broke."""
    found = []
    for start in (seed, None):
        made = race("json", seed=seed if start is not None else found[0][1])
        with pytest.raises(AssertionError) as error:
            made.sound()
        text = str(error.value)
        shown = text[text.index("  shown ") :].splitlines()[0]
        found.append((text.replace(shown, ""), int(shown.rpartition(" ")[2])))
    assert found[0] == found[1]


def test_a_guarded_store_is_sound_with_its_control() -> None:
    """Chosen orders, a free one, and the same sale without its guard."""
    result = race(shops.Shop, lock="flock", schedules=2).sound()
    assert (result.verdict.outcome, result.sales, result.seed) == (Outcome.VALID, 3, 0)
    assert "without the guard raced and sold" in result.verdict.reason


def test_unknown_is_raised_by_its_own_name_unless_it_is_allowed() -> None:
    """It says why in a test's own words."""
    made = race(shops.Shop, lock="flock", max_states=1)
    with pytest.raises(UnknownVerdict, match="the bound max_states was reached"):
        made.proved()
    allowed = race(shops.Shop, lock="flock", max_states=1, allow_unknown=True).proved()
    assert allowed.verdict.outcome is Outcome.UNKNOWN


def test_a_store_without_steps_is_no_pass() -> None:
    """No order can be chosen for it; sold freely it still breaks without a lock."""
    with pytest.raises(UnknownVerdict, match=r"announce|step"):
        race(Silent, lock="flock", schedules=1).sound()
    with pytest.raises(UnknownVerdict):
        race(Silent, lock="flock").proved()


def test_a_sale_with_a_clerk_is_sold_freely_only() -> None:
    """A clerk serves in no order but its own."""
    assert race("json", guard="clerk").sound().sales == 1


@pytest.mark.filterwarnings("error")
def test_python_may_warn_of_forks_and_a_store_of_nothing_else() -> None:
    """A worker of xdist has a thread; a warning of a user's own stays an error."""
    assert race(Warning, lock="flock").proved().verdict.outcome is Outcome.VALID
    with pytest.raises((UsageError, UnknownVerdict), match="another thing"):
        race(Deprecated, lock="flock").proved()


@pytest.mark.parametrize(
    "store,options,message",
    [
        (type("Local", (), {}), {}, "no buyer can import it"),
        (object(), {}, "give a name, or a class"),
        ("json", {"guard": len}, "give a name, or a class"),
        ("json", {"buyer": 2}, "did you mean buyers?"),
        ("json", {"seed": -1}, "whole number from 0"),
        ("json", {"schedules": 1.5}, "whole number from 0"),
        ("json", {"max_states": 0}, "whole number from 1"),
        ("json", {"max_seconds": "1"}, "number of seconds"),
        ("json", {"buyers": 0}, "buyers"),
    ],
)
def test_wrong_options_are_refused_in_a_line(
    store: Any, options: dict[str, Any], message: str
) -> None:
    """Before anything is sold."""
    with pytest.raises(UsageError, match=message) as error:
        race(store, **options).proved()
    assert "\n" not in str(error.value)


def test_a_race_is_written_as_a_test_writes_it() -> None:
    """Classes by name, names in quotes; what is usual is left out."""
    made = race(shops.Shop, lock="flock", delay="1ms", seed=4)
    assert isinstance(made, Race)
    assert str(made.call) == 'race(Shop, buyers=3, tickets=2, lock="flock", delay="1ms")'
    locked = made.call.but({"store": "json", "guard": "lock", "lock": "mutex"})
    assert str(locked) == 'race("json", buyers=3, tickets=2, lock="mutex", delay="1ms")'
    atomic = made.call.but({"guard": "atomic"})
    assert str(atomic) == 'race(Shop, buyers=3, tickets=2, guard="atomic", delay="1ms")'
