"""What a counterexample shows that cures depend on: who read what, and who wrote it meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from booking.experiments.behaviours.exploration import BehaviourStep
from booking.processes.behaviour_buyer import Bought
from booking.report.cures.statement import Statement, bare, parsed

WRITES = {"update", "insert", "delete"}
ENDS = {"commit", "end"}


class Named(NamedTuple):
    """A cure that fits a counterexample: why, and what to write instead; `""` where no text fits.

    `why` tells what was seen, and behind a semicolon what to do.
    """

    name: str
    why: str
    statement: str

    @property
    def seen(self) -> str:
        """What the counterexample shows."""
        return self.why.partition("; ")[0]

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.why.partition("; ")[2]


class Act(NamedTuple):
    """One step of the counterexample, and the statement in it."""

    at: int
    step: BehaviourStep
    statement: Statement | None

    @property
    def buyer(self) -> int:
        """Who took it."""
        return self.step.buyer

    @property
    def action(self) -> str:
        """What it was, also where it had to wait first."""
        if self.step.action == "wake":
            return self.step.text.removeprefix("goes on: ").split(None, 1)[0].lower()
        return self.step.action

    @property
    def waits(self) -> bool:
        """Whether it only began here."""
        return self.step.saw == "waits"


class Stale(NamedTuple):
    """A buyer read, another one wrote the same, and then the buyer wrote by what it had read."""

    read: Act
    meanwhile: Act
    write: Act

    @property
    def why(self) -> str:
        """What happened, in words."""
        place = f" ({self.write.step.where})" if self.write.step.where else ""
        return (
            f"buyer {self.write.buyer} wrote by what it had read before "
            f"buyer {self.meanwhile.buyer} wrote{place}"
        )


@dataclass(frozen=True)
class Case:
    """A counterexample, its answers, and the classes that an ORM has for tables."""

    steps: Sequence[BehaviourStep]
    answers: Sequence[Bought]
    anomalies: frozenset[str]
    models: dict[str, str]

    @cached_property
    def acts(self) -> list[Act]:
        """The steps with their statements."""
        return [Act(at, step, parsed(step.text)) for at, step in enumerate(self.steps)]

    @property
    def through(self) -> set[str]:
        """The interceptors, and the packages between them and the user's code."""
        return {name for step in self.steps for name in step.through}

    @property
    def is_sqlite(self) -> bool:
        """Whether the statements went to SQLite."""
        return "sqlite" in self.through

    @property
    def is_postgres(self) -> bool:
        """Whether the statements went to PostgreSQL."""
        return "psycopg" in self.through

    @property
    def layer(self) -> str:
        """The ORM that the statements came from."""
        return next((name for name in ("django", "sqlalchemy") if name in self.through), "")

    def model(self, statement: Statement) -> str:
        """Return what the ORM calls the table."""
        return self.models.get(statement.name, statement.name)

    def of(self, buyer: int) -> list[Act]:
        """Return the steps of one buyer."""
        return [act for act in self.acts if act.buyer == buyer and not act.waits]

    def sold(self, buyer: int) -> bool:
        """Return whether a buyer was told that it has a ticket."""
        return buyer < len(self.answers) and self.answers[buyer].result == "sold"

    @cached_property
    def stale(self) -> list[Stale]:
        """Every write in SQL by what was read before another buyer wrote it."""
        return list(self._stale_sql())

    def _stale_sql(self) -> Iterator[Stale]:
        for write in self.acts:
            if write.statement is None or write.statement.verb not in WRITES or write.waits:
                continue
            for read in reversed(self.of(write.buyer)):
                if read.at >= write.at or not self._same_table(read, write):
                    continue
                if (between := self._written_between(read, write)) is not None:
                    yield Stale(read, between, write)

    def _same_table(self, read: Act, write: Act) -> bool:
        return (
            read.statement is not None
            and write.statement is not None
            and read.statement.verb == "select"
            and read.statement.name == write.statement.name
        )

    def _written_between(self, read: Act, write: Act) -> Act | None:
        """Return another buyer's write of the same table that was not there for the read yet."""
        for act in self.acts:
            if act.buyer == write.buyer or act.statement is None or act.waits:
                continue
            same = write.statement is not None and act.statement.name == write.statement.name
            lasted = act.at < write.at and self._lasts_from(act) > read.at
            if same and lasted and act.statement.verb in WRITES:
                return act
        return None

    def _lasts_from(self, act: Act) -> int:
        """Return from which step on others see a write: its commit, or itself."""
        later = (one.at for one in self.of(act.buyer) if one.at > act.at and one.action in ENDS)
        return next(later, act.at)


def taken(stale: Stale) -> tuple[str, int] | None:
    """Return the column that an UPDATE counts down, and by how many."""
    read, write = stale.read.statement, stale.write.statement
    if read is None or write is None or write.verb != "update":
        return None
    for column, expression in write.sets.items():
        if found := re.search(rf"\b{re.escape(bare(column))}\W*\s*-\s*(\d+)?", expression):
            return column, int(found.group(1) or 1)
        now, before = write.written(column), _read(stale.read, bare(column))
        if type(now) is int and before is not None and before > now:
            return column, before - now
    return None


def _read(read: Act, column: str) -> int | None:
    """Return the number that a SELECT gave for a column, from its first row."""
    columns = [bare(one) for one in read.statement.columns] if read.statement else []
    if column not in columns:
        return None
    rows = read.step.saw.split("  ")[-1]  # sqlite3 first gives a count, then rows
    first = re.split(r"[|]" if "(" not in rows else r",", rows.split(", ")[0] if "(" not in rows
                     else rows.strip("[]()"))  # fmt: skip
    at = columns.index(column)
    text = first[at].strip() if at < len(first) else ""
    return int(text) if re.fullmatch(r"-?\d+", text) else None
