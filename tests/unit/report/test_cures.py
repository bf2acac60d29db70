"""Cures named for counterexamples: the parts of statements, and the spelling of each library."""

from __future__ import annotations

import pytest

from booking.core.verdict import Outcome
from booking.experiments.behaviours.exploration import BehaviourProof, BehaviourStep
from booking.processes.behaviour_buyer import Bought
from booking.report.cures.case import Named
from booking.report.cures.statement import UNKNOWN, parsed
from booking.report.cures.table import cures_of

Step = tuple[int, str, str]
LOST = {"oversell": "2 tickets were sold, and there were 1"}


def named(
    steps: list[Step],
    *through: str,
    anomalies: dict[str, str] = LOST,
    models: dict[str, str] | None = None,
    errors: tuple[str, str] = ("", ""),
) -> list[Named]:
    """Return the cures of a counterexample: buyer, text, what it gave."""
    witness = [
        BehaviourStep(buyer, text.split()[0].lower(), text, saw, "shop.py:3", through=through)
        for buyer, text, saw in steps
    ]
    return cures_of(
        BehaviourProof(
            verdict=Outcome.INVALID, reason="", complete=True, bound=None, method="reduced",
            symmetric=True, tickets=1, buyers=2, executions=1, steps=len(steps), ends=1,
            violating=1, anomalies=anomalies, caveats=[], witness=witness,
            answers=[Bought("sold", 1, error=error) for error in errors], models=models or {},
            outcomes=[],
            witness_s=0.0, elapsed_s=0.0,
        )
    )  # fmt: skip


def race(read: str, saw: str, write: str) -> list[Step]:
    """Return the steps of two buyers that both read before one of them writes."""
    return [(0, read, saw), (1, read, saw), (0, write, "1 row"), (0, "COMMIT", ""),
            (1, write, "1 row"), (1, "COMMIT", "")]  # fmt: skip


DJANGO = race(
    'SELECT "shop_event"."id", "shop_event"."stock" FROM "shop_event" WHERE "shop_event"."id" = %s'
    " LIMIT 21  (1,)",
    "1|1",
    'UPDATE "shop_event" SET "stock" = %s WHERE "shop_event"."id" = %s  (Int4(0), 1)',
)
SQLALCHEMY = race(
    "SELECT event.id AS event_id, event.stock AS event_stock FROM event"
    " WHERE event.id = %(pk_1)s::INTEGER  {'pk_1': 1}",
    "1|1",
    "UPDATE event SET stock=%(stock)s::INTEGER WHERE event.id = %(event_id)s::INTEGER"
    "  {'stock': 0, 'event_id': 1}",
)
MODELS = {"shop_event": "Event", "event": "Event"}
REDIS = [(0, "GET stock", "1"), (1, "GET stock", "1"), (0, "SET stock 0", ""),
         (1, "SET stock 0", "")]  # fmt: skip
FILES = [(0, "open stock.json", ""), (1, "open stock.json", ""), (0, "write stock.json", ""),
         (1, "write stock.json", "")]  # fmt: skip


def test_django_is_spelt_as_django() -> None:
    cures = {one.name: one.statement for one in named(DJANGO, "psycopg", "django", models=MODELS)}
    assert cures["conditional-update"] == (
        'Event.objects.filter(id=1, stock__gte=1).update(stock=F("stock") - 1)'
    )
    assert cures["for-update"] == "Event.objects.select_for_update().get(id=1)"
    assert "SERIALIZABLE" in cures["serializable"]
    assert "transaction_mode" in named(DJANGO, "sqlite", "django")[1].statement


def test_sqlalchemy_is_spelt_as_sqlalchemy() -> None:
    found = named(SQLALCHEMY, "psycopg", "sqlalchemy", models=MODELS)
    cures = {one.name: one.statement for one in found}
    assert cures["conditional-update"] == (
        "session.execute(update(Event).where(Event.id == 1, Event.stock >= 1)"
        ".values(stock=Event.stock - 1)).rowcount"
    )
    assert cures["for-update"] == (
        "session.scalars(select(Event).where(Event.id == 1).with_for_update()).first()"
    )


def test_redis_and_files_have_their_own_cures() -> None:
    assert [one.name for one in named(REDIS, "redis")] == [
        "lua-script", "decrement-first", "watch",
    ]  # fmt: skip
    script, first, watch = named(REDIS, "redis")
    assert script.statement.startswith('EVAL "local left')
    assert script.statement.endswith(" 1 stock")
    assert first.statement == "DECR stock"
    assert watch.statement == "WATCH stock; GET stock; MULTI; SET stock 0; EXEC"
    assert [one.name for one in named(FILES, "files")] == ["file-lock"]
    torn = named(FILES, "files", errors=("", "JSONDecodeError: Expecting value"))
    assert [one.name for one in torn] == ["file-lock", "replace-file"]
    assert (
        torn[1].statement
        == 'write "stock.json.new", then os.replace("stock.json.new", "stock.json")'
    )


def test_what_is_not_understood_is_cured_in_general_words() -> None:
    steps = race("WITH s AS (SELECT 1) SELECT * FROM s", "1", "CALL take()")
    assert [(one.name, one.statement) for one in named(steps, "psycopg")] == [("one-step", "")]
    assert named([], "psycopg") == []


@pytest.mark.parametrize("text, table, fixed", [
    ("SELECT stock FROM event", "event", {}),
    ('SELECT "a"."stock" FROM "shop"."event" "a" WHERE "a"."id" = 1', "event", {"id": 1}),
    ("SELECT 1 FROM event WHERE name = %s AND id = %s FOR UPDATE  ('x', 2)", "event",
     {"name": "x", "id": 2}),
    ("UPDATE event SET stock = stock - 1 WHERE id = ? AND stock >= 1  (7,)", "event", None),
    ("INSERT INTO receipt (seat, buyer) VALUES ($1, $2)  [1, 2]", "receipt", {}),
    ("DELETE FROM ONLY event WHERE id = 3;", "event", {"id": 3}),
    ("goes on: UPDATE seat SET buyer = %(b)s WHERE id = %(i)s  {'b': 4, 'i': 5}", "seat",
     {"id": 5}),
])  # fmt: skip
def test_a_statement_is_taken_apart(text: str, table: str, fixed: dict[str, object] | None) -> None:
    found = parsed(text)
    assert found is not None
    assert (found.name, found.fixed()) == (table, fixed)


@pytest.mark.parametrize("text", [
    "", "COMMIT", "GET stock", "WITH a AS (SELECT 1) UPDATE b SET c = 1", "SELECT 1",
    "UPDATE", "SELECT 'it''s", "((((", "UPDATE 5 SET x", "SELECT * FROM (SELECT 1) s",
])  # fmt: skip
def test_what_is_no_plain_statement_is_none(text: str) -> None:
    assert parsed(text) is None


def test_a_value_that_cannot_be_told_is_unknown() -> None:
    found = parsed("UPDATE event SET stock = greatest(0, %s) WHERE id = %s  <values>")
    assert found is not None
    assert found.written("stock") is UNKNOWN
    assert found.fixed() is None
