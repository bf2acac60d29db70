"""Base of the contracts: which variant is tested, and which facts it has to keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from booking.core.registry import resolve, split_url

Fact = TypeVar("Fact", bound=Callable[..., None])
Applies = Callable[[Any], bool]  # takes the class that is tested


def only_if(applies: Applies) -> Callable[[Fact], Fact]:
    """Mark a fact that only some variants have to keep; the others have no such test.

    A fact may be marked several times: it applies where each mark does.
    """

    def mark(fact: Fact) -> Fact:
        before: Applies = getattr(fact, "applies", lambda _: True)
        fact.applies = lambda kind: before(kind) and applies(kind)  # type: ignore[attr-defined]  # functions take attributes
        return fact

    return mark


class Contract:
    """A suite of facts about one variant, which a subclass names in the attribute `kind`."""

    kind: ClassVar[str] = ""  # "store", "lock" or "guard": the attribute that names the variant

    def __init_subclass__(cls) -> None:
        """Drop the facts that do not apply to the variant."""
        super().__init_subclass__()
        if not getattr(cls, cls.kind, None):
            return  # a contract, not a test of a variant
        tested = class_of(cls.kind, getattr(cls, cls.kind))
        for name in dir(cls):
            applies = getattr(getattr(cls, name), "applies", None)
            if applies is not None and not applies(tested):
                setattr(cls, name, None)


def class_of(kind: str, variant: str | type) -> Any:
    """Return the class of a variant that is named, or given as a class."""
    if isinstance(variant, type):
        return variant
    return resolve(kind, split_url(variant)[0] if kind == "store" else variant)


def name_of(variant: str | type) -> str:
    """Return the name by which a scenario finds a variant: its own, or `module:Class`."""
    return variant if isinstance(variant, str) else f"{variant.__module__}:{variant.__qualname__}"
