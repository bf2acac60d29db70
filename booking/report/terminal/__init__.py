"""Show results in a terminal."""
