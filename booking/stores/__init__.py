"""Where the count lives: one module for each store."""
