"""What answers and the count at the end say together."""

from __future__ import annotations

import pytest

from booking.experiments.behaviours.exploration_host import judged
from booking.processes.behaviour_buyer import Bought, bought_of

SOLD, NONE, OPEN = Bought("sold", 1), Bought("sold-out"), Bought("unknown", error="E: x")
REFUSED = Bought("refused", error="E: x")


@pytest.mark.parametrize("tickets, left, answers, names", [
    (1, 0, [SOLD, NONE], []),
    (1, 0, [SOLD, REFUSED], []),
    (2, 0, [SOLD, SOLD], []),
    (1, 0, [SOLD, SOLD], ["oversell", "lost-update"]),
    (1, -1, [SOLD, SOLD], ["oversell", "negative-stock"]),
    (2, 1, [SOLD, SOLD], ["lost-update"]),
    (2, 0, [SOLD, NONE], ["lost-ticket"]),
    (2, 0, [SOLD, OPEN], []),
    (2, 1, [SOLD, OPEN], []),
    (2, 1, [SOLD, NONE], ["phantom-sold-out"]),
    (1, 0, [OPEN, OPEN], []),
    (2, 0, [Bought("sold", 1, ("A1",)), Bought("sold", 1, ("A1",))], ["double-sold"]),
    (3, 0, [Bought("sold", 2), SOLD], []),
])  # fmt: skip
def test_what_is_wrong_is_named(
    tickets: int, left: int, answers: list[Bought], names: list[str]
) -> None:
    """A purchase of unknown outcome may have sold, or not: it accuses of nothing."""
    assert list(judged(tickets, left, answers)) == names


@pytest.mark.parametrize("answer, bought", [
    (True, SOLD), (False, NONE), (None, NONE), (0, NONE), (2, Bought("sold", 2)),
    ("A1", Bought("sold", 1, ("A1",))), (("A1", "A2"), Bought("sold", 2, ("A1", "A2"))),
    ("", NONE), ([], NONE), (object(), SOLD),
])  # fmt: skip
def test_an_answer_is_tickets_seats_or_sold_out(answer: object, bought: Bought) -> None:
    assert bought_of(answer) == bought
