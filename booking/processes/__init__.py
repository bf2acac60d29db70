"""Start, hold, supervise and reap OS processes."""

from booking.system.interpreters import keep_to_the_path

keep_to_the_path()
