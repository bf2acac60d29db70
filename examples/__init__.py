"""Small shops that sell too much, and the ways that do not: `pytest examples/`."""
