"""A count of tickets in a file."""
