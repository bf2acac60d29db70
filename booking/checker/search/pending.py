"""The operations that have begun and are not served yet, as the search sees them.

Operations with the same effect that observed nothing are interchangeable: of each such class only
the one with the earliest deadline can come next. One of unknown outcome has no deadline, so it
comes after all others of its class; of several the earliest invocation is as good as any.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from math import inf

from booking.checker.operations import Op
from booking.checker.search.program_order import predecessors

Class = int | tuple[int, int]  # the change of the count; with the row where it stands alone


class Rows:
    """The operations as columns, a row each, in the order of invocation; those never change."""

    def __init__(self, ops: Sequence[Op], *, seats: bool = False) -> None:
        self.ops = sorted(ops, key=lambda x: (x.invoked, x.index))
        self.before = predecessors(self.ops)
        self.after: dict[int, list[int]] = {}
        for later, touched in self.before.items():
            for earlier in touched:
                self.after.setdefault(earlier, []).append(later)
        self.change = [x.quantity if x.gives_back else -x.quantity for x in self.ops]
        self.optional = bytearray(x.what.startswith("maybe") for x in self.ops)
        self.exact = [x.low if x.low == x.high else None for x in self.ops]
        self.seeing = bytearray(x.low is not None for x in self.ops)
        self.seats = seats  # whether seats have a say; else the search knows counts alone
        self.rises = any(x.gives_back for x in self.ops)
        # A count that only falls must not fall below what a later operation proves.
        self.proved_later: list[float] = [-inf] * (len(self.ops) + 1)
        if not self.rises:
            for row in range(len(self.ops) - 1, -1, -1):
                exact, lowest = self.exact[row], self.proved_later[row + 1]
                self.proved_later[row] = lowest if exact is None else max(exact, lowest)

    def __len__(self) -> int:
        return len(self.ops)

    def class_of(self, row: int) -> Class:
        """Return a name of the orders that are interchangeable with this one.

        One that another operation of its process touches stands alone: it lets that one begin. So
        does one with a seat.
        """
        alone = row in self.after or (self.seats and self.ops[row].seat is not None)
        return (self.change[row], row) if alone else self.change[row]

    def by_return(self) -> list[int]:
        """Return the rows that must be served, in the order in which they must have been."""
        ops = self.ops
        required = [row for row in range(len(ops)) if not self.optional[row]]
        required.sort(key=lambda row: (ops[row].returned, ops[row].program.end[1], row))
        return required


class Pending:
    """The operations that can come next, by what can be asked of them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.orders: dict[Class, list[tuple[float, int]]] = {}  # by class: deadline and row
        self.begun: dict[int, list[int]] = {}  # of unknown outcome, by class
        self.used: dict[int, int] = {}  # how many of them are served, by class
        self.numbered: dict[int, list[int]] = {}  # orders, by the count that they need
        self.searches: dict[int, list[int]] = {}  # by the count that they need
        self.at_most: list[tuple[int, int]] = []  # minus the count, and row: sold-outs
        self.proved: list[int] = []  # the counts of `numbered` and `searches`, sorted

    def add(self, row: int) -> None:
        """Add an operation that can come next from now on."""
        rows = self._rows
        if rows.optional[row]:
            self.begun.setdefault(rows.change[row], []).append(row)
        elif not rows.seeing[row]:
            entry = (rows.ops[row].returned, row)
            insort(self.orders.setdefault(rows.class_of(row), []), entry)
        elif rows.exact[row] is None:
            insort(self.at_most, (-(rows.ops[row].high or 0), row))
        else:
            count = rows.exact[row] or 0
            self._counts(row).setdefault(count, []).append(row)
            insort(self.proved, count)

    def remove(self, row: int) -> None:
        """Take an operation out again: it is served, or had not begun after all."""
        rows = self._rows
        if rows.optional[row]:
            self.begun[rows.change[row]].pop()
        elif not rows.seeing[row]:
            name = rows.class_of(row)
            entries = self.orders[name]
            del entries[bisect_left(entries, (rows.ops[row].returned, row))]
            if not entries:
                del self.orders[name]
        elif rows.exact[row] is None:
            entry = (-(rows.ops[row].high or 0), row)
            del self.at_most[bisect_left(self.at_most, entry)]
        else:
            count = rows.exact[row] or 0
            same = self._counts(row)[count]
            same.remove(row)
            if not same:
                del self._counts(row)[count]
            del self.proved[bisect_left(self.proved, count)]

    def take(self, row: int) -> None:
        """Take out an operation that is served; one of unknown outcome is counted as used."""
        if self._rows.optional[row]:
            change = self._rows.change[row]
            self.used[change] = self.used.get(change, 0) + 1
        else:
            self.remove(row)

    def put_back(self, row: int) -> None:
        """Undo `take`."""
        if self._rows.optional[row]:
            self.used[self._rows.change[row]] -= 1
        else:
            self.add(row)

    def observer(self, count: int) -> int | None:
        """Return an operation that changes nothing and is right at this count, if there is one."""
        if self.at_most and -self.at_most[0][0] >= count:
            return self.at_most[0][1]
        searches = self.searches.get(count)
        return searches[-1] if searches else None

    def heads(self) -> list[int]:
        """Return of each class the order that may come next, the earliest deadline first."""
        rows = [row for _, row in sorted(entries[0] for entries in self.orders.values())]
        for change, begun in self.begun.items():
            used = self.used.get(change, 0)
            if used < len(begun) and change not in self.orders:
                rows.append(begun[used])
        return rows

    def sizes(self) -> Iterator[tuple[int, int]]:
        """Yield the quantities of what can come, below 0 for refunds, and how many of each."""
        for entries in self.orders.values():
            yield -self._rows.change[entries[0][1]], len(entries)
        for change, begun in self.begun.items():
            yield -change, len(begun) - self.used.get(change, 0)
        for same in self.numbered.values():
            for row in same:
                yield -self._rows.change[row], 1

    def key(self) -> tuple[int, ...]:
        """Return what tells this state from others in which the same operations have begun."""
        rows = [row for entries in self.orders.values() for _, row in entries]
        for counts in (self.numbered, self.searches):
            rows += [row for same in counts.values() for row in same]
        rows += [row for _, row in self.at_most]
        rows.sort()
        for change, used in sorted(self.used.items()):
            if used:
                rows += (-1, change, used)
        return tuple(rows)

    def _counts(self, row: int) -> dict[int, list[int]]:
        return self.numbered if self._rows.change[row] else self.searches
