"""An inventory in a database: what every store that speaks SQL shares, whichever engine it is.

The statements are the same everywhere; a subclass runs them, and says what its errors mean.
All tickets of a sale are one row of `booking_inventory`, or the unsold rows of `booking_ticket`
(guard `pool`), or the sum of `booking_shard` (guard `shards`). Each change counts the row's
version up, so that a count that came back is told from one that never left.
"""

from __future__ import annotations

from typing import Any, ClassVar

from booking.core.steps import saw, step
from booking.errors import ConflictError, InventoryError, UnavailableError

POOL_MAX = 100_000  # a row for each ticket: more is another kind of sale
CLAIMS_MAX = 200  # attempts to find out whether tickets that others are just taking are left

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
FREE = "(SELECT count(*) FROM booking_ticket t WHERE t.sale = i.sale AND t.buyer IS NULL)"
SPREAD = (
    "(SELECT CAST(coalesce(sum(s.remaining), 0) AS bigint) FROM booking_shard s "
    "WHERE s.sale = i.sale)"
)
COUNT = f"SELECT i.remaining + {FREE} + {SPREAD} FROM booking_inventory i WHERE i.sale = ?"
SET = "UPDATE booking_inventory SET remaining = ?, version = version + 1 WHERE sale = ?"
TAKE = (
    "UPDATE booking_inventory SET remaining = remaining - ?, version = version + 1{more} "
    "WHERE sale = ?{condition} RETURNING remaining"
)
SNAPSHOT = (
    "SELECT 0, remaining, version FROM booking_inventory WHERE sale = ? "
    "UNION ALL SELECT 1, seat, buyer FROM booking_ticket WHERE sale = ? "
    "UNION ALL SELECT 2, shard, remaining FROM booking_shard WHERE sale = ? ORDER BY 1, 2"
)


class SqlInventory:
    """The count in a row; a subclass gives it an engine."""

    resource: str
    sale: str  # the row's name
    now: ClassVar[str]  # the engine's clock, in seconds
    skip_locked: ClassVar[str] = ""  # how to pass over rows that others are taking

    _transaction: str = ""  # or "locked", or "serializable"
    _wrote: int | None = None

    def reset(self, tickets: int) -> None:
        """Make the inventory hold `tickets`, all in one counter."""
        self._create()
        self._begin()
        try:
            for table in ("booking_ticket", "booking_shard", "booking_inventory"):
                self._run(f"DELETE FROM {table} WHERE sale = ?", self.sale)
            self._run(
                "INSERT INTO booking_inventory (sale, remaining) VALUES (?, ?)", self.sale, tickets
            )
            self._run("COMMIT")
        except BaseException:
            self._undo()
            raise

    def read(self) -> int:
        """Give the count, wherever the tickets are."""
        step("read", self.resource)
        count = self._count()
        saw(count)
        return count

    def write(self, remaining: int) -> None:
        """Replace the count; inside a transaction nobody sees it before that is committed."""
        if self._transaction == "serializable":
            self._write_serializable(remaining)
        else:
            step("write", self.resource, remaining)
            self._run(SET, remaining, self.sale)
        self._wrote = remaining

    def take(self, quantity: int) -> int | None:
        """Take tickets if there are enough, in one statement."""
        step("take", self.resource)
        taken = TAKE.format(more="", condition=" AND remaining >= ?")
        rows = self._run(taken, quantity, self.sale, quantity)
        before = int(rows[0][0]) + quantity if rows else None
        saw(before)
        return before

    def add(self, delta: int) -> int:
        """Add to the count, in one statement."""
        step("add", self.resource, delta)
        rows = self._run(TAKE.format(more="", condition=""), -delta, self.sale)
        if not rows:
            raise self._missing()
        saw(rows[0][0])
        return int(rows[0][0])

    def take_constrained(self, quantity: int) -> int | None:
        """Take tickets unasked: the table's constraint says whether there were enough."""
        step("take", self.resource)
        rows = self._constrained(
            TAKE.format(more=", constrained = 1", condition=""), quantity, self.sale
        )
        before = int(rows[0][0]) + quantity if rows else None
        saw(before)
        return before

    def read_versioned(self) -> tuple[int, int]:
        """Give the count and the row's version."""
        step("read", self.resource)
        rows = self._run(
            "SELECT remaining, version FROM booking_inventory WHERE sale = ?", self.sale
        )
        if not rows:
            raise self._missing()
        saw(rows[0][0])
        return int(rows[0][0]), int(rows[0][1])

    def compare_and_set(self, version: int, remaining: int) -> bool:
        """Write if the version is still that one, in one statement."""
        step("compare-and-set", self.resource, remaining)
        rows = self._run(f"{SET} AND version = ? RETURNING version", remaining, self.sale, version)
        saw(len(rows))
        return bool(rows)

    def read_serializable(self) -> int:
        """Begin a transaction and read in it."""
        step("read", self.resource)
        self._begin("serializable")
        try:
            count = self._count()
        except BaseException:
            self._undo()
            raise
        saw(count)
        return count

    def commit(self) -> None:
        """End the transaction: what it wrote is everybody's, and others may go on."""
        step("release", self.resource, self._wrote)
        try:
            self._run("COMMIT")
        except ConflictError:
            raise  # who began it will roll it back
        except BaseException:
            self._undo()
            raise
        self._transaction, self._wrote = "", None

    def rollback(self) -> None:
        """End the transaction as if it had never been."""
        step("release", self.resource)
        self._undo()

    def open_pool(self) -> None:
        """Make a row of each ticket that is left."""
        count = self._gathered()
        if count > POOL_MAX:
            raise InventoryError(
                f"guard pool makes a row of each ticket: {count} are more than {POOL_MAX}; "
                "give fewer tickets, or --guard shards"
            )
        self._run(
            "INSERT INTO booking_ticket (sale, seat) WITH RECURSIVE seats(seat) AS (SELECT 1 "
            "UNION ALL SELECT seat + 1 FROM seats WHERE seat < ?) "
            "SELECT CAST(? AS text), seat FROM seats WHERE seat <= ?",
            count, self.sale, count,
        )  # fmt: skip
        self._run(SET, 0, self.sale)
        self._run("COMMIT")

    def claim(self, buyer: int, quantity: int) -> int | None:
        """Take free rows, passing over those that others are just taking.

        Where too few are found, others may still put theirs back, so it is looked again until
        fewer are free than were ordered.
        """
        for _ in range(CLAIMS_MAX):
            seats = self._claim(buyer, quantity)
            if len(seats) == quantity:
                return max(seats)
            step("read", self.resource)
            count = self._count()
            saw(count)
            if count < quantity:
                return None
        raise UnavailableError(f"{quantity} tickets were free, and others were always quicker")

    def split(self, shards: int) -> None:
        """Spread what is left over several rows."""
        count = self._gathered()
        for shard in range(shards):
            share = count // shards + (shard < count % shards)
            self._run(
                "INSERT INTO booking_shard (sale, shard, remaining) VALUES (?, ?, ?)",
                self.sale, shard, share,
            )  # fmt: skip
        self._run(SET, 0, self.sale)
        self._run("COMMIT")

    def take_from(self, shard: int, quantity: int) -> int | None:
        """Take from one row, if it has enough."""
        step("take", self.resource)
        rows = self._run(
            "UPDATE booking_shard SET remaining = remaining - ? "
            "WHERE sale = ? AND shard = ? AND remaining >= ? RETURNING remaining",
            quantity, self.sale, shard, quantity,
        )  # fmt: skip
        before = int(rows[0][0]) + quantity if rows else None
        saw(before)
        return before

    def take_across(self, quantity: int) -> bool:
        """Take from all rows together, locked in the order of their numbers."""
        step("take", self.resource)
        self._begin("locked")
        try:
            rows = self._run(
                f"SELECT shard, remaining FROM booking_shard WHERE sale = ? ORDER BY shard"
                f"{' FOR UPDATE' if self.skip_locked else ''}",
                self.sale,
            )
            enough = sum(int(row[1]) for row in rows) >= quantity
            wanted = quantity if enough else 0
            for shard, remaining in rows:
                share = min(wanted, int(remaining))
                wanted -= share
                if share:
                    self._run(
                        "UPDATE booking_shard SET remaining = remaining - ? "
                        "WHERE sale = ? AND shard = ?",
                        share, self.sale, shard,
                    )  # fmt: skip
            self._run("COMMIT")
        except BaseException:
            self._undo()
            raise
        self._transaction = ""
        saw(int(enough))
        return enough

    def gather(self) -> None:
        """Bring the tickets back from rows and shards into the one counter."""
        rows = self._run(
            f"SELECT {FREE} + {SPREAD}, EXISTS (SELECT 1 FROM booking_ticket t WHERE "
            "t.sale = i.sale), EXISTS (SELECT 1 FROM booking_shard s WHERE s.sale = i.sale) "
            "FROM booking_inventory i WHERE i.sale = ?",
            self.sale,
        )
        if rows and (rows[0][1] or rows[0][2]):
            self._gathered()
            self._run("COMMIT")

    def take_lease(self, owner: int, lease_s: float) -> int | None:
        """Borrow the right to write, by the engine's own clock."""
        step("acquire", f"{self.resource}.lease", owner)
        rows = self._run(
            f"UPDATE booking_inventory SET lease_token = lease_token + 1, "
            f"lease_until = {self.now} + ? WHERE sale = ? AND lease_until <= {self.now} "
            "RETURNING lease_token",
            lease_s, self.sale,
        )  # fmt: skip
        saw(len(rows))
        return int(rows[0][0]) if rows else None

    def write_fenced(self, remaining: int, token: int) -> bool:
        """Write unless a higher token was given out, in one statement."""
        step("write", self.resource, remaining)
        rows = self._run(f"{SET} AND lease_token = ? RETURNING 1", remaining, self.sale, token)
        saw(len(rows))
        return bool(rows)

    def give_back(self, token: int) -> None:
        """End the lease, if nobody else has been given it."""
        step("release", f"{self.resource}.lease")
        self._run(
            "UPDATE booking_inventory SET lease_until = 0 WHERE sale = ? AND lease_token = ?",
            self.sale, token,
        )  # fmt: skip

    def snapshot(self) -> tuple[object, ...]:
        """Give all that buyers share: what is committed, in one statement."""
        return tuple(self._run(SNAPSHOT, self.sale, self.sale, self.sale))

    def _count(self) -> int:
        rows = self._run(COUNT, self.sale)
        if not rows:
            raise self._missing()
        return int(rows[0][0])

    def _gathered(self) -> int:
        """Begin a transaction in which all tickets are in the counter; give how many."""
        self._begin("locked")
        try:
            count = self._count()
            self._run(SET, count, self.sale)
            self._run("DELETE FROM booking_ticket WHERE sale = ?", self.sale)
            self._run("DELETE FROM booking_shard WHERE sale = ?", self.sale)
        except BaseException:
            self._undo()
            raise
        self._transaction = ""  # whoever called ends it
        return count

    def _claim(self, buyer: int, quantity: int) -> list[int]:
        step("claim", self.resource)
        # MATERIALIZED: as a plain subquery PostgreSQL may run the choice once for each row that it
        # compares, choose others each time, and take more than were ordered.
        take = (
            "WITH chosen AS MATERIALIZED (SELECT seat FROM booking_ticket "
            f"WHERE sale = ? AND buyer IS NULL ORDER BY seat DESC LIMIT ?{self.skip_locked}) "
            "UPDATE booking_ticket SET buyer = ? WHERE sale = ? AND buyer IS NULL "
            "AND seat IN (SELECT seat FROM chosen) RETURNING seat"
        )
        values = (self.sale, quantity, buyer, self.sale)
        if quantity == 1:
            seats = [int(row[0]) for row in self._run(take, *values)]
        else:
            seats = self._all_or_none(take, values, quantity)
        saw(len(seats))
        return seats

    def _all_or_none(self, take: str, values: tuple[object, ...], quantity: int) -> list[int]:
        self._begin("locked")
        try:
            seats = [int(row[0]) for row in self._run(take, *values)]
            self._run("COMMIT" if len(seats) == quantity else "ROLLBACK")
        except BaseException:
            self._undo()
            raise
        self._transaction = ""
        return seats if len(seats) == quantity else []

    def _write_serializable(self, remaining: int) -> None:
        """Write where others may be in the way: they hold the row, or were quicker."""
        step("acquire", self.resource, remaining)
        try:
            self._run(SET, remaining, self.sale)
        except ConflictError:
            saw(-1)  # neither had nor kept waiting: this transaction will never have it
            raise
        except UnavailableError as error:
            saw(0)
            raise ConflictError(str(error)) from None
        saw(1)

    def _missing(self) -> InventoryError:
        return InventoryError(
            f"{self.resource}: holds no tickets; put some in with: "
            f"booking reset --store {self._url()} --tickets 3"
        )

    def _undo(self) -> None:
        """End whatever transaction there is, and say nothing."""
        raise NotImplementedError

    def _begin(self, kind: str = "locked") -> None:
        """Begin a transaction: one that will write ("locked"), or a "serializable" one."""
        raise NotImplementedError

    def _create(self) -> None:
        """Create the tables where they are missing."""
        raise NotImplementedError

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement; raise what `booking.errors` has for its failures."""
        raise NotImplementedError

    def _constrained(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement; nothing comes of it where a constraint refuses it."""
        raise NotImplementedError

    def _url(self) -> str:
        """Name this store as the command line does."""
        raise NotImplementedError
