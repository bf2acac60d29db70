"""Values that are new each time and mean nothing: the present, and random UUIDs."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from booking.instrument.passing import Passing


def test_the_present_is_alike_and_another_time_is_not() -> None:
    now, passing = datetime.now(UTC), Passing()
    for text in (f"{now}", now.isoformat(), repr(now), repr(datetime.now()),
                 f"{now:%Y-%m-%d %H:%M:%S}"):  # fmt: skip
        assert passing.alike(f"INSERT ({text}, 1)") == "INSERT (<now>, 1)", text
    other = now - timedelta(days=2)
    assert str(other) in passing.alike(f"INSERT ({other})")
    assert passing.alike("2026-13-45 99:00:00") == "2026-13-45 99:00:00"


def test_uuids_are_told_apart_by_their_order() -> None:
    one, other, passing = uuid.uuid4(), uuid.uuid4(), Passing()
    assert passing.alike(f"{one} {other} {one.hex}") == "<uuid 1> <uuid 2> <uuid 1>"
    named = uuid.uuid5(uuid.NAMESPACE_URL, "shop")  # not of chance: the same each time
    assert passing.alike(str(named)) == str(named)
