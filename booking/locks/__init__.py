"""Mutual exclusion between processes: one lock, one file."""
