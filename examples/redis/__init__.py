"""A count of tickets in Redis."""
