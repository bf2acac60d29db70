"""State why a history cannot be judged as it was read: the reasons for at best `unknown`."""

from __future__ import annotations

from collections.abc import Iterator

from booking.checker.reading.columns import Columns


def unjudged(columns: Columns) -> Iterator[str]:
    """Yield what clients did that the verdict does not cover."""
    names = {
        name: count for name, count in columns.ignored.items() if not _is_search(name, columns)
    }
    if names:
        listed = ", ".join(f"{name} ({count:,})" for name, count in sorted(names.items()))
        yield (
            f"operations were not judged: {listed}; say what they are with --buy, --observe or "
            "--refund, or leave them out with --ignore"
        )
    if columns.without_count:
        searches = "search" if columns.without_count == 1 else "searches"
        names = {name: 0 for name in columns.ignored if _is_search(name, columns)}
        yield (
            f"{columns.without_count:,} {searches} answered no count ({', '.join(names)}); "
            "leave them out with --ignore"
        )


def repeated_answers(columns: Columns) -> str:
    """Return what is open where every answer repeats what its order asked for."""
    meaning = columns.numbers
    return (
        "every purchase answers the value that it was called with: give --numbers none if that "
        f"is no ticket's number; read as one ({meaning}), it would be wrong"
    )


def _is_search(name: str, columns: Columns) -> bool:
    return name in columns.naming.observe
