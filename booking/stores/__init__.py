"""Where the count lives: one store, one file."""
