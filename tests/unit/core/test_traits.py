"""Facts are read once from a class; a typo or a wrong type never passes unseen."""

from __future__ import annotations

import pytest

from booking.core.base_classes import BaseGuard, BaseStore, guard_hooks, hooks
from booking.core.registry import members
from booking.core.traits import guard_traits, lock_traits, store_traits
from booking.errors import UsageError


class Misspelt:
    crash_save = True


class WrongType:
    crash_safe = "yes"


class WrongNumbers:
    numbers = "backwards"


class Silent:
    """States nothing."""


def test_a_misspelt_fact_is_refused_with_the_right_one() -> None:
    """Left unseen it would mean: not stated."""
    with pytest.raises(UsageError, match=r"no such fact crash_save; did you mean crash_safe\?"):
        lock_traits(Misspelt)


@pytest.mark.parametrize("kind", [WrongType, WrongNumbers])
def test_a_fact_of_the_wrong_type_is_refused(kind: type) -> None:
    """A string is no yes."""
    with pytest.raises(UsageError, match="is not"):
        guard_traits(kind)


def test_an_instance_states_what_its_class_states() -> None:
    """Both can be asked."""
    assert lock_traits(Silent()) == lock_traits(Silent)
    assert lock_traits(Silent).crash_safe is None


@pytest.mark.parametrize("kind", ["store", "lock", "guard"])
def test_every_built_in_variant_states_facts_without_a_typo(kind: str) -> None:
    """The tables of `booking list` come from here."""
    traits = {"store": store_traits, "lock": lock_traits, "guard": guard_traits}[kind]
    for _, member in members(kind):
        traits(member)


def test_a_store_without_optional_methods_gets_the_defaults() -> None:
    """So that no caller has to ask for a capability."""

    class Bare:
        closed = 0

        def close(self) -> None:
            self.closed += 1

    store = Bare()
    bound = hooks(store)  # type: ignore[arg-type]  # only its optional methods are looked at
    bound.prepare(), bound.connect(), bound.sweep(), bound.gather(), bound.disconnect()
    with bound.reserved():
        assert store.closed == 0  # it does not connect, so a fork has nothing to inherit


def test_a_store_that_connects_is_closed_before_a_fork() -> None:
    """No process may use a connection that it inherited."""

    class Connects(BaseStore):
        closed = 0

        def connect(self) -> None:
            pass

        def close(self) -> None:
            self.closed += 1

    store = Connects()
    hooks(store).disconnect()  # type: ignore[arg-type]  # only its optional methods are looked at
    assert store.closed == 1


def test_a_guard_without_a_shape_of_its_own_gathers_the_tickets() -> None:
    """Whatever guard sold before: the tickets are in one counter again."""

    class Gathers(BaseStore):
        gathered = 0

        def gather(self) -> None:
            self.gathered += 1

    class Plain(BaseGuard):
        pass

    store = Gathers()
    for guard in (Plain(), Silent()):
        guard_hooks(guard).arrange(store)  # type: ignore[arg-type]  # only hooks are called
        assert not guard_hooks(guard).rearranges  # type: ignore[arg-type]  # as above
    assert store.gathered == 2
