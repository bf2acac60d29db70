"""The tables and statements that every SQL engine runs alike; `?` stands for a value.

All tickets of a sale are one row of `booking_inventory`, or the unsold rows of `booking_ticket`
(guard `pool`), or the sum of `booking_shard` (guard `shards`). Each change counts the row's
version up: a count that came back is told from one that never left.
"""

from __future__ import annotations

TABLES = (
    """CREATE TABLE IF NOT EXISTS booking_inventory (
        sale text PRIMARY KEY, remaining bigint NOT NULL, version bigint NOT NULL DEFAULT 0,
        constrained integer NOT NULL DEFAULT 0, lease_token bigint NOT NULL DEFAULT 0,
        lease_until double precision NOT NULL DEFAULT 0,
        CHECK (remaining >= 0 OR constrained = 0))""",
    """CREATE TABLE IF NOT EXISTS booking_ticket (
        sale text NOT NULL, seat bigint NOT NULL, buyer bigint, PRIMARY KEY (sale, seat))""",
    """CREATE TABLE IF NOT EXISTS booking_shard (
        sale text NOT NULL, shard bigint NOT NULL, remaining bigint NOT NULL,
        PRIMARY KEY (sale, shard))""",
)
CLEAR = tuple(
    f"DELETE FROM {table} WHERE sale = ?"
    for table in ("booking_ticket", "booking_shard", "booking_inventory")
)
FILL = "INSERT INTO booking_inventory (sale, remaining) VALUES (?, ?)"

_FREE = "(SELECT count(*) FROM booking_ticket t WHERE t.sale = i.sale AND t.buyer IS NULL)"
_SPREAD = (
    "(SELECT CAST(coalesce(sum(s.remaining), 0) AS bigint) FROM booking_shard s "
    "WHERE s.sale = i.sale)"
)
COUNT = f"SELECT i.remaining + {_FREE} + {_SPREAD} FROM booking_inventory i WHERE i.sale = ?"
IS_SPREAD = (
    "SELECT EXISTS (SELECT 1 FROM booking_ticket t WHERE t.sale = i.sale) "
    "OR EXISTS (SELECT 1 FROM booking_shard s WHERE s.sale = i.sale) "
    "FROM booking_inventory i WHERE i.sale = ?"
)
SNAPSHOT = (
    "SELECT 0, remaining, version FROM booking_inventory WHERE sale = ? "
    "UNION ALL SELECT 1, seat, buyer FROM booking_ticket WHERE sale = ? "
    "UNION ALL SELECT 2, shard, remaining FROM booking_shard WHERE sale = ? ORDER BY 1, 2"
)

SET = "UPDATE booking_inventory SET remaining = ?, version = version + 1 WHERE sale = ?"
SET_VERSIONED = f"{SET} AND version = ? RETURNING version"
SET_FENCED = f"{SET} AND lease_token = ? RETURNING 1"
READ_VERSIONED = "SELECT remaining, version FROM booking_inventory WHERE sale = ?"

_SUBTRACT = "UPDATE booking_inventory SET remaining = remaining - ?, version = version + 1"
TAKE = f"{_SUBTRACT} WHERE sale = ? AND remaining >= ? RETURNING remaining"
TAKE_UNCHECKED = f"{_SUBTRACT} WHERE sale = ? RETURNING remaining"
TAKE_CONSTRAINED = f"{_SUBTRACT}, constrained = 1 WHERE sale = ? RETURNING remaining"

FILL_POOL = (
    "INSERT INTO booking_ticket (sale, seat) WITH RECURSIVE seats(seat) AS (SELECT 1 "
    "UNION ALL SELECT seat + 1 FROM seats WHERE seat < ?) "
    "SELECT CAST(? AS text), seat FROM seats WHERE seat <= ?"
)
# MATERIALIZED: as a plain subquery PostgreSQL may run the choice once for each row that it
# compares, choose others each time, and take more than were ordered.
CLAIM = (
    "WITH chosen AS MATERIALIZED (SELECT seat FROM booking_ticket "
    "WHERE sale = ? AND buyer IS NULL ORDER BY seat DESC LIMIT ?{skip_locked}) "
    "UPDATE booking_ticket SET buyer = ? WHERE sale = ? AND buyer IS NULL "
    "AND seat IN (SELECT seat FROM chosen) RETURNING seat"
)

FILL_SHARD = "INSERT INTO booking_shard (sale, shard, remaining) VALUES (?, ?, ?)"
SHARDS = "SELECT shard, remaining FROM booking_shard WHERE sale = ? ORDER BY shard{for_update}"
_SUBTRACT_SHARD = "UPDATE booking_shard SET remaining = remaining - ? WHERE sale = ? AND shard = ?"
TAKE_SHARD = f"{_SUBTRACT_SHARD} AND remaining >= ? RETURNING remaining"
TAKE_SHARD_UNCHECKED = _SUBTRACT_SHARD

TAKE_LEASE = (
    "UPDATE booking_inventory SET lease_token = lease_token + 1, lease_until = {now} + ? "
    "WHERE sale = ? AND lease_until <= {now} RETURNING lease_token"
)
END_LEASE = "UPDATE booking_inventory SET lease_until = 0 WHERE sale = ? AND lease_token = ?"
