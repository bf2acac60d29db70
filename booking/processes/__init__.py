"""Start, hold, supervise and reap OS processes."""
