"""The errors that a user can cause, and the exit code of each.

::

    BookingError              has an exit code, and a message of one line.
    ├── UsageError            2: a flag, a scenario, a URL or a name is wrong.
    │   ├── IncapableError      The store has not what the guard needs.
    │   └── ReplyError          A guard answered what no history can hold.
    ├── InventoryError        2: the inventory cannot be used as it is.
    │   ├── InUseError        Another run, reset or purchase has it now.
    │   ├── MalformedError    It holds no count. Inside a sale that is a torn read.
    │   ├── UnavailableError  Nothing has happened. Inside a sale that is `fail`.
    │   │   └── ConflictError   All was undone: trying again is safe.
    │   └── UncertainError    It may have happened. Inside a sale that is `info`.
    ├── HistoryError          2: a recorded history cannot be read.
    └── CapacityError         2: the sale is larger than this machine holds.

A message says what is wrong, where, and what to do. It fits on one line.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What every command's exit code means."""

    AS_EXPECTED = 0
    ANOMALY = 1
    USAGE = 2
    UNKNOWN = 3
    THRESHOLD_MISSED = 4
    DEFECT = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


EXIT_CODE_OF_VERDICT = {
    "valid": ExitCode.AS_EXPECTED,
    "invalid": ExitCode.ANOMALY,
    "unknown": ExitCode.UNKNOWN,
}


class BookingError(Exception):
    """Base of all errors that a user can cause; `str(error)` is one line."""

    exit_code = ExitCode.USAGE


class UsageError(BookingError):
    """A flag, a scenario, a URL or a name is wrong."""


class IncapableError(UsageError):
    """The store has not what the guard needs."""


class ReplyError(UsageError):
    """A guard answered what no history can hold: no reply, or one with a wrong field."""


class InventoryError(BookingError):
    """The inventory cannot be used as it is: missing, malformed, not permitted."""


class InUseError(InventoryError):
    """Another process uses the inventory, and this command would spoil what it does."""


class MalformedError(InventoryError):
    """The inventory holds no count of tickets; a reader inside a sale met it half-written."""


class UnavailableError(InventoryError):
    """A server was busy, or was lost before the effect began: it did not happen."""


class ConflictError(UnavailableError):
    """Two transactions were in conflict, and this one was undone."""


class UncertainError(InventoryError):
    """A server was lost during an effect, which may have happened."""


class HistoryError(BookingError):
    """A recorded history cannot be read."""


class CapacityError(BookingError):
    """The sale is larger than this machine can hold."""
