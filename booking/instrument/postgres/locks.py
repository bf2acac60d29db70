"""What a transaction of PostgreSQL has touched, from the server's own lock table.

Every statement locks the relations that it uses until its transaction ends, and `pg_locks` names
them: those behind views, triggers, functions and foreign keys, too. Nothing of the SQL is parsed.
The price is that a step counts with all that its transaction touched before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from booking.instrument.seam import Touch

FIRST_USER_OID = 16384  # below it are the server's own catalogs
UNKNOWN = Touch("?", writes=True)
EVERYTHING = Touch("?", writes=False)  # a snapshot of the whole database is read
NOTHING = Touch("", writes=False)  # the server says that nothing shared was touched
SNAPSHOT_LEVELS = {"repeatable read", "serializable"}
LIMITS = ("lock_timeout", "statement_timeout", "transaction_timeout")
NO_LIMIT = {"0", ""}
LOCKS = f"""
select 'isolation', current_setting('transaction_isolation'), false
union all
select 'limits', concat_ws(' ', {", ".join(f"current_setting('{name}', true)" for name in LIMITS)}),
    false
union all
select locktype,
    case locktype when 'relation' then relation::text
        else concat_ws(' ', classid, objid, objsubid) end,
    bool_or(mode <> 'AccessShareLock')
from pg_locks
where pid = coalesce($1::int, pg_backend_pid())
    and (locktype = 'advisory' or locktype = 'relation' and relation >= {FIRST_USER_OID})
group by 1, 2
"""
NAMES = """
select c.oid, n.nspname, c.relname, c.relkind
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = any($1::oid[])
"""
OWN_KINDS = set("it")  # an index and a TOAST table belong to their table
PRIVATE_SCHEMAS = "pg_temp"


class Held(NamedTuple):
    """What a transaction has touched so far, and its isolation level."""

    touches: frozenset[Touch]
    isolation: str
    limited: bool = False  # whether a time limit of the server holds for it

    @property
    def advisory(self) -> frozenset[Touch]:
        """The advisory locks in it: those of a session outlive a transaction."""
        return frozenset(touch for touch in self.touches if touch.resource.startswith("advisory"))

    @property
    def writes(self) -> bool:
        """Whether others notice that it ends."""
        return any(touch.writes for touch in self.touches)


NONE_HELD = Held(frozenset(), "read committed")


class PostgresLocks:
    """Reads lock tables; knows the names of relations."""

    def __init__(self) -> None:
        self._names: dict[int, str | None] = {}

    def held(self, connection: Any, session: int | None = None) -> Held:
        """Return what a session's open transaction holds; without a number, the asking one's."""
        asked = None if session is None else str(session).encode()
        rows = ask(connection, LOCKS, [asked])
        isolation = next(name for kind, name, _ in rows if kind == "isolation")
        limits = next(name for kind, name, _ in rows if kind == "limits")
        relations = {int(name): mode == "t" for kind, name, mode in rows if kind == "relation"}
        self._learn_names(connection, relations.keys() - self._names.keys())
        touches = {Touch(f"advisory lock {name}", True) for kind, name, _ in rows
                   if kind == "advisory"}  # fmt: skip
        touches |= {
            Touch(name, writes)
            for oid, writes in relations.items()
            if (name := self._names.get(oid)) is not None
        }
        return Held(frozenset(touches), isolation, not NO_LIMIT.issuperset(limits.split()))

    def _learn_names(self, connection: Any, oids: set[int]) -> None:
        if not oids:
            return
        self._names |= dict.fromkeys(oids)  # no name: gone again, so it was private
        wanted = "{" + ",".join(map(str, oids)) + "}"
        for oid, schema, name, kind in ask(connection, NAMES, [wanted.encode()]):
            if kind not in OWN_KINDS and not schema.startswith(PRIVATE_SCHEMAS):
                self._names[int(oid)] = name if schema == "public" else f"{schema}.{name}"


def ask(connection: Any, statement: str, values: Sequence[bytes | None]) -> list[tuple[str, ...]]:
    """Return the rows of a query, past the layer that is intercepted."""
    result = connection.pgconn.exec_params(statement.encode(), list(values))
    ensure_done(connection, result)
    return [
        tuple((result.get_value(row, column) or b"").decode() for column in range(result.nfields))
        for row in range(result.ntuples)
    ]


def tell(connection: Any, command: str) -> None:
    """Carry out a command, past the layer that is intercepted."""
    ensure_done(connection, connection.pgconn.exec_(command.encode()))


def ensure_done(connection: Any, result: Any) -> None:
    """Raise the server's error where a command failed."""
    from psycopg import errors, pq

    if result.status not in {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}:
        raise errors.error_from_result(result, encoding=connection.info.encoding)
