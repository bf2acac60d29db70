"""Mutual exclusion between processes: one module for each lock."""
